package server

import (
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"time"

	"threeloops/common/conn"
	"threeloops/common/sys"
)

// Verb is what an Order asks for.
type Verb uint8

// The verbs. All but Leave want an Answer.
const (
	Leave Verb = 1 + iota // finish what is under way, and end
	List                  // say which clients there are
	Tell                  // send Text to a WebSocket
	Kick                  // end a connection
)

// Order is what a signal, or the operator, wants of a loop.
type Order struct {
	Verb Verb
	Conn uint64     // number of the connection that it is about; 0: all
	Addr netip.Addr // which that one's client must have; the zero Addr: any
	Text []byte     // to Tell: UTF-8, never written to
	Room bool       // Text is for the members of the room that poll, too: one loop alone is asked to tell the Hub

	answers chan<- Answer // has room for all
}

// Desk is where orders for a loop are left, by other goroutines: a bell that the
// loop watches, and a list.
type Desk struct {
	Bell
	mu     sync.Mutex
	orders []Order
}

// NewDesk returns an empty desk.
func NewDesk() (*Desk, error) {
	b, err := NewBell()
	if err != nil {
		return nil, err
	}
	return &Desk{Bell: *b}, nil
}

// Put leaves an order, and rings.
func (d *Desk) Put(o Order) {
	d.mu.Lock()
	d.orders = append(d.orders, o)
	d.mu.Unlock()
	d.Ring()
}

// Take returns the orders, in the sequence in which they were left.
func (d *Desk) Take() []Order {
	d.Quiet()
	d.mu.Lock()
	defer d.mu.Unlock()
	orders := d.orders
	d.orders = nil
	return orders
}

// hurry is how long after the first signal another one means: end now. A terminal's Ctrl-C
// may come twice in a moment: from the terminal, and from the process that started us.
const hurry = time.Second

// deferral is how long the loops go on accepting at shutdown with -defer-accept: until then
// the kernel may have clients of which it has told nobody.
const deferral = time.Second

// Attend leaves the order to Leave on every desk when the server is to shut
// down: at SIGINT or SIGTERM, or at the end of its lifeline. A signal that comes
// more than a second after the first one ends the process. The listeners must be
// open already.
func (env *Env) Attend(desks ...*Desk) {
	signals := make(chan os.Signal, 2)
	env.signals = signals
	signal.Notify(signals, sys.SIGINT, sys.SIGTERM)
	if env.Lifeline != 0 {
		sys.CloseOnExec(env.Lifeline)
		go func() {
			f := os.NewFile(uintptr(env.Lifeline), "lifeline")
			for b := make([]byte, 1); ; {
				if _, err := f.Read(b); err != nil {
					env.Log.Info("the lifeline has ended")
					signals <- sys.SIGTERM
					return
				}
			}
		}()
	}
	env.reloadAtHangup()
	go func() {
		<-signals
		first, leave := time.Now(), time.After(env.stopDeferring())
		for {
			select {
			case <-leave:
				for _, d := range desks {
					d.Put(Order{Verb: Leave})
				}
			case s := <-signals:
				if time.Since(first) > hurry {
					env.stderr.complain(env.Name, fmt.Errorf("second %v: ending now", s))
					env.stderr.exit(1)
				}
			}
		}
	}()
}

// stopDeferring has the kernel hand over clients that have sent nothing yet, and
// returns how long that may take. Without -defer-accept there are none.
func (env *Env) stopDeferring() time.Duration {
	if env.DeferAccept == 0 {
		return 0
	}
	if err := conn.StopDeferring(env.lns); err != nil {
		env.Log.Error("-defer-accept can't be switched off: clients may be reset", "error", err)
		return 0
	}
	return deferral
}
