package tester

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// full: when no descriptor is free, accept fails (EMFILE), and goes on failing while clients wait in the
// backlog. So the server pauses. Events of its other clients don't end the pause: they would make it try
// again, and log that, thousands of times in a second. When descriptors are free again, clients that
// have waited are served. A server that tries again with each event and logs nothing isn't found: its calls
// can't be counted from outside.
func full(e *env) error {
	const clients, most = 10, 100 // lines in the log: a pause of 10 ms would do
	busy, err := e.open()
	if err == nil {
		err = busy.exchange(0)
	}
	if err != nil {
		return err
	}
	if busy.closeAnnounced {
		return leftOut("the server closes the connection after each answer, and says so")
	}
	restore, err := exhaust(e.pid())
	if err != nil {
		return leftOut("the server's limit of descriptors can't be changed: " + err.Error())
	}
	defer restore()
	var waiting [clients]*clientConn
	for i := range waiting {
		if waiting[i], err = e.connect(); err != nil {
			return err
		}
	}
	sent := fmt.Sprintf("%d clients connect, and the server can open no more descriptors (EMFILE)", clients)
	if err := e.rests(sent); err != nil {
		return err
	}
	before := e.server.lines()
	for i, end := 1, time.Now().Add(time.Second); time.Now().Before(end); i++ {
		if err := busy.exchange(i); err != nil {
			return saw(sent+", then one that is connected already "+e.kind.asks(), e.kind.rule(), err)
		}
	}
	if n := e.server.lines() - before; n > most {
		return &Symptom{sent + "; one that is connected already goes on asking for a second",
			fmt.Sprintf("the server pauses before it tries again: at most %d lines in its log", most),
			fmt.Sprintf("%d lines in its log in that second", n)}
	}
	restore()
	for _, p := range waiting {
		err := e.kind.open(p)
		if err == nil {
			err = p.exchange(0)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) { // one that was turned away knows it, and may come again
			return saw(sent+", and then it can again", "clients that have waited are served", err)
		}
	}
	return e.others(sent + ", and then it can again")
}

// exhaust sets a process's limit so that it can open no more descriptors: new ones get the lowest number that
// is free. Restore may be called twice.
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
