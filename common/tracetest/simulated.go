package tracetest

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"threeloops/common/sim"
)

// Simulated plays traces against a server on a simulated kernel. Each trace has a kernel and a
// server of its own.
type Simulated struct {
	Main    func()            // the server's main function
	Name    string            // the server's name
	Flags   []string          // its flags, those of the trace included
	Prepare func(*sim.Kernel) // makes the files that the server needs; nil: it needs none
}

// serverStart is how much time a server may need until it listens.
const serverStart = time.Minute

// Play does the same as Core.Play. It also reports an error if the server doesn't give back all its
// descriptors after the client has gone, or doesn't end after SIGTERM.
func (s Simulated) Play(tr *Trace, cut Cutting) ([]byte, error) {
	k := sim.New(configOf(cut))
	defer k.Close()
	if s.Prepare != nil {
		s.Prepare(k)
	}
	p := k.Start(sim.Program{Main: s.Main, Args: append([]string{s.Name}, s.Flags...)})
	addr, err := AwaitReady(k, p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tr.file, err)
	}
	if cut.kind == random {
		InjectFaults(k, cut.rand(-2))
	}
	open := p.Descriptors()
	e := &simulated{k: k, c: k.NewClient("client")}
	if err := e.c.Connect(addr, netip.Addr{}); err != nil {
		return nil, err
	}
	if tr.Stalls {
		e.c.ReceiveBuffer(8 << 10)
	}
	log, err := play(tr, cut, coreEdge, e)
	if err == nil {
		err = e.checkEnd(p, open)
	}
	if panics := k.Panics(); len(panics) > 0 {
		err = fmt.Errorf("%s: the server panicked: %v\n%s", tr.file, panics[0].Value, panics[0].Stack)
	}
	return log, err
}

// configOf is the kernel's configuration for a cutting. The seeded ones also vary the order of
// threads and the sizes of the buffers. A client with a very small send buffer would wait for a
// delayed acknowledgement after each few bytes, and need minutes for a long message.
func configOf(cut Cutting) sim.Config {
	if cut.kind != random {
		return sim.Config{}
	}
	rng := cut.rand(-1)
	sends, receives := []int{0, 20_000, 100_000}, []int{0, 100, 3000, 100_000}
	return sim.Config{
		Seed: cut.seed, Shuffle: true, Preempt: []int{0, 1, 3, 10}[rng.IntN(4)],
		SendBuffer: sends[rng.IntN(3)], ReceiveBuffer: receives[rng.IntN(4)],
	}
}

// InjectFaults makes calls fail that a server must repeat, or do less than they could.
func InjectFaults(k *sim.Kernel, rng *rand.Rand) {
	for _, call := range []string{"read", "sendto", "sendmsg", "sendfile"} {
		k.Inject(sim.Fault{Call: call, Bytes: 1 + rng.IntN(100), Skip: rng.IntN(5), Times: rng.IntN(20)})
		k.Inject(sim.Fault{Call: call, Errno: sim.EINTR, Skip: rng.IntN(5), Times: rng.IntN(3)})
		if call != "read" { // some reads are from blocking descriptors, and never return EAGAIN
			k.Inject(sim.Fault{Call: call, Errno: sim.EAGAIN, Skip: rng.IntN(5), Times: rng.IntN(3)})
		}
	}
	for _, call := range []string{"poll", "ppoll", "epoll_wait", "accept4"} {
		k.Inject(sim.Fault{Call: call, Errno: sim.EINTR, Skip: rng.IntN(5), Times: rng.IntN(3)})
	}
}

// AwaitReady lets the server start, and returns the address in its ready line.
func AwaitReady(k *sim.Kernel, p *sim.Process) (netip.AddrPort, error) {
	for begin := k.Uptime(); k.Uptime()-begin < serverStart; k.Run(time.Second) {
		if !k.Settle(settleSteps) {
			return netip.AddrPort{}, errors.New("the server doesn't stop running")
		}
		if _, rest, ok := strings.Cut(p.Out.String(), "http://"); ok {
			at, _, _ := strings.Cut(rest, " ")
			return netip.ParseAddrPort(at)
		}
		if _, ended := p.Ended(); ended {
			break
		}
	}
	return netip.AddrPort{}, fmt.Errorf("the server doesn't start: %s%s%v", p.Out, p.Err, k.Panics())
}

// settleSteps is after how many steps at one moment a server counts as spinning.
const settleSteps = 1_000_000

// simulated is a sim.Client as an end.
type simulated struct {
	k        *sim.Kernel
	c        *sim.Client
	spinning bool
}

// settle lets everything happen that needs no time.
func (e *simulated) settle() { e.advance(0, never) }

// advance lets d pass, or less if over becomes true.
func (e *simulated) advance(d time.Duration, over func() bool) {
	if !e.k.Drive(d, settleSteps, e.c.Pump, over) {
		e.spinning = true
	}
}

func never() bool { return false }

func (e *simulated) send(pieces [][]byte) {
	for _, p := range pieces {
		e.c.Send(p)
		e.settle()
	}
}

func (e *simulated) fin()                 { e.c.CloseWrite(); e.settle() }
func (e *simulated) reset()               { e.c.Reset(); e.settle() }
func (e *simulated) stall()               { e.c.StopReading() }
func (e *simulated) wait(d time.Duration) { e.advance(d, never) }

func (e *simulated) dropped(d time.Duration) bool {
	e.advance(max(d, patience), e.c.Broken)
	return e.c.Broken()
}

func (e *simulated) receive(to []byte, patience time.Duration) ([]byte, error) {
	e.c.ReadAgain()
	came := func() bool { return len(e.c.Got) > 0 || e.c.End != "" }
	for left := -1; left != e.c.Unsent() && !came(); { // the server has patience while it still takes bytes
		left = e.c.Unsent()
		e.advance(patience, came)
	}
	switch got := e.c.Take(); {
	case e.spinning:
		return to, errors.New("the server doesn't stop running")
	case len(got) > 0:
		return append(to, got...), nil
	case e.c.End == sim.FIN:
		return to, io.EOF
	case e.c.End != "":
		return to, errReset
	}
	return to, errNothing
}

func (e *simulated) close() error {
	e.c.Close()
	return nil
}

// checkEnd checks that nothing of the client is left in the server within the longest timeout, and
// that the server ends when it is told to.
func (e *simulated) checkEnd(p *sim.Process, open int) error {
	const long = time.Hour
	if e.advance(long, func() bool { return p.Descriptors() <= open }); p.Descriptors() > open {
		return fmt.Errorf("an hour after the client has gone the server has %d descriptors, %d before", p.Descriptors(), open)
	}
	p.Signal(sim.SIGTERM)
	e.advance(long, func() bool { _, ended := p.Ended(); return ended })
	if status, ended := p.Ended(); !ended || status.ExitStatus() != 0 {
		return fmt.Errorf("after SIGTERM the server has ended: %t, with status %d\n%s", ended, status.ExitStatus(), p.Err)
	}
	return nil
}
