package million

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"

	"threeloops/common/sys"
	"threeloops/common/ws"
	"threeloops/tutorials/measure/load"
)

// childEnv makes a program a crowd.
const childEnv = "THREELOOPS_MILLION_CROWD"

// setup is the first line on a crowd's standard input, as JSON.
type setup struct {
	Addr    netip.AddrPort // of the server
	Threads int
	Each    int // connections that a thread has at most
	Talkers int // connections that send messages while the crowd talks
	Ports   int // connections from each source address
}

// order is a further line on a crowd's standard input.
type order struct {
	Allow int // connections that may be opened in all
	Do    string
}

// The values of order.Do, in the order in which they are possible. At end of file the crowd ends.
const (
	doTalk  = "talk"  // the first connections send messages, each once per second
	doQuiet = "quiet" // they stop; the crowd reports the round-trip times
	doDrop  = "drop"  // give up the connections that aren't open
	doClose = "close" // close all connections with the closing handshake
)

// report is a line on a crowd's standard output.
type report struct {
	Ready   bool   // all threads have their tables
	Waiting int    // connections that aren't open yet
	Open    int    // WebSockets that are open
	Closed  int    // connections that ended by the closing handshake
	Lost    int    // connections that the server or the kernel has ended
	Failed  string // why the crowd opens no more; empty: it does
	Reason  string // why the first connection was lost

	Latency  []byte // a histogram of round-trip times; only after doQuiet
	Messages int    // messages answered correctly since doTalk
	Late     int    // messages that were due, but not answered before doQuiet
}

// crowd is the child process with all clients.
type crowd struct {
	setup
	base  time.Time
	hello []byte // the handshake's request
	want  []byte // Sec-WebSocket-Accept of the server's answer

	allowed, stage              atomic.Int64
	waiting, open, closed, lost atomic.Int64
	talkSince                   atomic.Int64   // when the talk began, in nanoseconds since base
	begun, stopped              sync.WaitGroup // threads that haven't begun, or ended, the talk

	mu       sync.Mutex // guards the following
	failed   string
	reason   string
	latency  *hdrhistogram.Histogram
	answered int
	late     int

	wakers []int      // an eventfd for each thread, in every table
	broken chan error // gets why a thread has ended
}

// The stages of a crowd.
const (
	opening = iota
	talking
	dropping // as opening, but connections that aren't open are given up
	closing
)

// Child runs a crowd, and ends the process, if [Run] has started this process as one. A program that
// calls Run must call Child first.
func Child() {
	if os.Getenv(childEnv) == "" {
		return
	}
	out := json.NewEncoder(os.Stdout)
	if err := newCrowd().serve(json.NewDecoder(os.Stdin), out); err != nil {
		out.Encode(report{Failed: err.Error()})
		os.Exit(1)
	}
	os.Exit(0)
}

func newCrowd() *crowd {
	return &crowd{base: time.Now(), want: ws.AppendAccept(nil, []byte(key)), latency: load.NewHistogram(), broken: make(chan error, 1)}
}

// tellEvery is how often a crowd reports.
const tellEvery = 50 * time.Millisecond

// serve starts the threads, and obeys orders until there are no more.
func (c *crowd) serve(in *json.Decoder, out *json.Encoder) error {
	if err := in.Decode(&c.setup); err != nil {
		return fmt.Errorf("can't read what to do: %w", err)
	}
	c.hello = handshake(c.Addr)
	if err := c.start(); err != nil {
		return err
	}
	orders, end := make(chan order), make(chan error, 1)
	go func() {
		for {
			var o order
			if err := in.Decode(&o); err != nil {
				end <- err
				return
			}
			orders <- o
		}
	}()
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	for out.Encode(report{Ready: true}); ; {
		var r report
		select {
		case o := <-orders:
			c.obey(o, &r)
		case <-tell.C:
		case err := <-c.broken:
			return err
		case err := <-end:
			if err == io.EOF {
				return nil
			}
			return err
		}
		c.fill(&r)
		if err := out.Encode(&r); err != nil {
			return err
		}
	}
}

// start starts the threads. Each copies the table of the process. So all of them copy it before any
// has a socket, and after all that they share is in it: the wakers, and the Go runtime's poller.
func (c *crowd) start() error {
	if err := sys.WarmUp(c.Threads + 4); err != nil {
		return err
	}
	for range c.Threads {
		fd, err := sys.Eventfd(0, sys.EFD_CLOEXEC|sys.EFD_NONBLOCK)
		if err != nil {
			return os.NewSyscallError("eventfd2", err)
		}
		c.wakers = append(c.wakers, fd)
	}
	begin, ready := make(chan bool), make(chan error)
	from := rand.IntN(sources / 2) // so that a second run doesn't meet ports of the first in TIME_WAIT
	for i := range c.Threads {
		sys.GoUnshared(func(err error) {
			var t *thread
			if err == nil {
				t, err = newThread(c, i, from)
			}
			ready <- err
			if <-begin {
				c.broken <- t.run()
			}
		})
	}
	var failed error
	for range c.Threads {
		if err := <-ready; err != nil {
			failed = err
		}
	}
	for range c.Threads {
		begin <- failed == nil
	}
	return failed
}

// obey carries out an order.
func (c *crowd) obey(o order, r *report) {
	c.allowed.Store(int64(o.Allow))
	switch o.Do {
	case doTalk:
		c.mu.Lock()
		c.latency.Reset()
		c.answered, c.late = 0, 0
		c.mu.Unlock()
		c.talkSince.Store(c.now())
		c.begun.Add(c.Threads)
		c.stopped.Add(c.Threads)
		c.stage.Store(talking)
		c.wake()
		c.begun.Wait()
	case doQuiet:
		c.stage.Store(opening)
		c.wake()
		c.stopped.Wait()
		c.mu.Lock()
		r.Latency, _ = c.latency.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		r.Messages, r.Late = c.answered, c.late
		c.mu.Unlock()
	case doDrop:
		c.stage.Store(dropping)
	case doClose:
		c.stage.Store(closing)
	}
	c.wake()
}

// wake wakes all threads, which then see what has changed.
func (c *crowd) wake() {
	one := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	for _, fd := range c.wakers {
		unix.Write(fd, one) // if it fails, the counter is full, and the thread wakes anyway
	}
}

// fill adds the counters to a report.
func (c *crowd) fill(r *report) {
	r.Waiting, r.Open = int(c.waiting.Load()), int(c.open.Load())
	r.Closed, r.Lost = int(c.closed.Load()), int(c.lost.Load())
	c.mu.Lock()
	r.Failed, r.Reason = c.failed, c.reason
	c.mu.Unlock()
}

// fail stops the opening of connections because of an error, unless it has stopped already.
func (c *crowd) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.failed == "" {
		c.failed = err.Error()
	}
}

// refuses reports whether the opening has stopped because of an error.
func (c *crowd) refuses() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed != ""
}

// now returns the time in nanoseconds since the crowd was made.
func (c *crowd) now() int64 { return int64(time.Since(c.base)) }
