package tester

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// full takes the server's last free descriptor while clients connect. Then accept fails (EMFILE), and
// fails again for as long as clients wait in the backlog. So the server must pause. Events of its other
// clients must not end the pause, or the server would call accept, and log the error, thousands of times
// in a second. When descriptors are free again, the server must serve the clients that have waited.
//
// The check doesn't find a server that calls accept after each event and logs nothing: it can't count
// system calls from outside.
func full(e *env) error {
	const clients, most = 10, 100 // most: lines in the log, enough for pauses of 10 ms
	busy, err := e.open()
	if err == nil {
		err = busy.exchange(0)
	}
	if err != nil {
		return err
	}
	if busy.closeAnnounced {
		return errCloses
	}
	unlimit, err := exhaust(e.pid())
	if err != nil {
		return leftOut("the tester can't change the server's limit of descriptors: " + err.Error())
	}
	e.does(Exhaust)
	restore := sync.OnceFunc(func() { unlimit(); e.does(Restore) })
	defer restore()
	var waiting [clients]*clientConn
	for i := range waiting {
		if waiting[i], err = e.connect(); err != nil {
			return err
		}
	}
	sent := fmt.Sprintf("%d clients connect while the server can open no more descriptors (EMFILE)", clients)
	if err := e.rests(sent); err != nil {
		return err
	}
	before := e.server.lines()
	for i, end := 1, time.Now().Add(time.Second); time.Now().Before(end); i++ {
		if err := busy.exchange(i); err != nil {
			return saw(sent+"; then a client that was connected before "+e.kind.asks(), e.kind.rule(), err)
		}
	}
	if n := e.server.lines() - before; n > most {
		return &Symptom{sent + "; for a second a client that was connected before sends requests",
			fmt.Sprintf("the server pauses after a failed accept, whatever other clients send: "+
				"it logs at most %d lines", most),
			fmt.Sprintf("%d lines in the server's log in that second", n)}
	}
	restore()
	for _, p := range waiting {
		err := e.kind.open(p)
		if err == nil {
			err = p.exchange(0)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) { // a rejected client is fine: it knows, and can try again
			return saw(sent+"; then descriptors are free again", "each client that has waited gets its answer", err)
		}
	}
	return e.others(sent + "; then descriptors are free again")
}

// exhaust lowers a process's limit so that it can open no more descriptors: the lowest free number is the
// new limit.
func exhaust(pid int) (restore func(), err error) {
	free := uint64(0)
	for {
		if _, err := os.Lstat(fmt.Sprintf("/proc/%d/fd/%d", pid, free)); err != nil {
			break
		}
		free++
	}
	before, err := limitDescriptors(pid, free)
	return func() { limitDescriptors(pid, before) }, err
}
