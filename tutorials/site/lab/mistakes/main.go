package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"threeloops/common/sys"
)

// mistakes are the values of -mistake.
var mistakes = [...]string{"none", "armed", "edge", "stale", "held", "zombie"}

// options are the flags of the command line.
type options struct {
	mistake string
	buffer  int  // most bytes of one read
	most    int  // connections that may be open
	port    int  // of the listener
	helper  bool // this process is a helper program
}

func main() { sys.Main(run) }

func run() {
	o, err := parse(sys.Args()[1:])
	switch {
	case err != nil:
		sys.Write(2, []byte("mistakes: "+err.Error()+"\n"))
		sys.Exit(2)
	case o.helper:
		sys.Sleep(helperTime)
		return
	}
	l := &loop{options: o}
	if err := l.start(); err != nil {
		sys.Write(2, []byte("mistakes: "+err.Error()+"\n"))
		sys.Exit(1)
	}
	l.run()
}

func parse(args []string) (o options, err error) {
	fs := flag.NewFlagSet("mistakes", flag.ContinueOnError)
	var said strings.Builder // the flags, if -h asks for them
	fs.SetOutput(&said)
	fs.StringVar(&o.mistake, "mistake", "none", "the `mistake`: "+strings.Join(mistakes[:], ", "))
	fs.IntVar(&o.buffer, "buffer", 4096, "most `bytes` of one read")
	fs.IntVar(&o.most, "most", 100, "`number` of connections; one more displaces the oldest")
	fs.IntVar(&o.port, "port", 8009, "listen on this `port`; with 0 the kernel chooses one")
	fs.BoolVar(&o.helper, "helper", false, "be a helper program")
	switch err = fs.Parse(args); {
	case err == flag.ErrHelp:
		return o, errors.New(said.String())
	case err != nil:
		return o, err
	case !slices.Contains(mistakes[:], o.mistake):
		return o, fmt.Errorf("-mistake=%s: want one of %s", o.mistake, strings.Join(mistakes[:], ", "))
	case o.buffer < 1 || o.most < 1:
		return o, fmt.Errorf("-buffer=%d -most=%d: want numbers from 1 on", o.buffer, o.most)
	}
	return o, nil
}

// helperTime is how long a helper program runs.
const helperTime = 2 * time.Second

// startHelper starts a helper program for the client of c.
func (l *loop) startHelper(c *conn) error {
	files := []uintptr{0, 1, 2}
	if l.mistake == "held" {
		// As if accept4 had been called without SOCK_CLOEXEC: the helper gets a descriptor of the same
		// open file description. It doesn't use it, but the connection stays open as long as it lives.
		files = append(files, uintptr(c.fd))
	}
	_, err := sys.ForkExec("/proc/self/exe", []string{"mistakes", "-helper"}, &sys.ProcAttr{Env: sys.Environ(), Files: files})
	return err
}

// reap waits for each helper program that ends. Until then the kernel keeps the exit status of the
// program, and with it an entry in the table of processes: a zombie.
func reap(ended *sys.Signals) {
	for {
		ended.Wait(sys.Forever)
		// Signals of one kind don't queue up, signal(7). So one SIGCHLD may stand for several programs.
		var status sys.WaitStatus
		for pid, err := sys.Wait4(-1, &status, sys.WNOHANG); pid > 0 && err == nil; {
			pid, err = sys.Wait4(-1, &status, sys.WNOHANG)
		}
	}
}
