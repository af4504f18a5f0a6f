package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"threeloops/tutorials/chapter"
	"threeloops/tutorials/coach"
	"threeloops/tutorials/experiment"
	"threeloops/tutorials/progress"
)

// noCoach is the port of a coach that isn't wanted.
const noCoach = -1

// coachPort is what -coach says, when the servers' ports begin with base. Zero is any port.
func coachPort(at string, base int) (port int, err error) {
	switch at {
	case "":
		return max(base-1, 0), nil
	case "off":
		return noCoach, nil
	}
	port, err = strconv.Atoi(at)
	switch {
	case err != nil || port < 0 || port > 65535:
		return 0, misuse("-coach takes a port, from 1 to 65535, 0 for any that is free, or off; not %q", at)
	case base > 0 && base <= port && port < base+len(models):
		return 0, misuse("-coach %d: that is a server's port", port)
	}
	return port, nil
}

// listenForCoach takes the coach's port, before the servers' are chosen. Without the port the servers run on
// without the coach.
func listenForCoach(port int) (net.Listener, error) {
	if port == noCoach {
		return nil, nil
	}
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is busy: choose another with -coach (0: any that is free)", port)
	}
	return ln, err
}

func withoutCoach(why error) { fmt.Fprintf(os.Stderr, "tutorials: there is no coach: %v\n", why) }

// coachHere is the coach of this process. Nil is none.
type coachHere struct {
	*coach.Coach
	ln  net.Listener
	url string
}

// newCoach makes the coach that listens at ln, nil if ln is, and says in dir's site where it is. It builds
// experiments in dir.
func newCoach(ln net.Listener, dir string, addrs []string) (*coachHere, error) {
	var c *coachHere
	if ln != nil {
		if file, err := progress.Open(); err != nil {
			ln.Close()
			withoutCoach(err)
		} else {
			c = &coachHere{ln: ln, url: "http://" + ln.Addr().String()}
			if c.Coach, err = coachFor(file, dir, addrs); err != nil {
				return nil, err
			}
		}
	}
	return c, writeCoach(dir, c)
}

func coachFor(file *progress.File, dir string, addrs []string) (*coach.Coach, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	o := coach.Options{Runner: &coach.Runner{Root: root, Bin: dir}, Progress: file}
	o.Chapters, o.Experiments = studied(root)
	for i, name := range models {
		o.Servers = append(o.Servers, coach.Server{Name: name, Addr: addrs[i]})
	}
	return coach.New(o), nil
}

// studied returns the numbers of all chapters, and their experiments. writeSite has said what
// is wrong with chapters.
func studied(root string) (chapters []int, all []*experiment.Experiment) {
	book, _ := chapter.Load(root, chapter.Folder)
	if book == nil {
		return nil, nil
	}
	for _, c := range book.Chapters {
		chapters = append(chapters, c.Number)
		for _, e := range c.Experiments {
			all = append(all, e.Experiment)
		}
	}
	return chapters, all
}

// writeCoach writes the file by which pages find the coach, with the secret that they need. It
// is there without a coach, too, so that they need not ask for what isn't there.
func writeCoach(dir string, c *coachHere) error {
	found := make(map[string]string)
	if found["url"] = ""; c != nil {
		found["url"], found["secret"] = c.url, c.Secret()
	}
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "site", "coach.json"), text, 0o644)
}

// start has the coach answer until ctx is over, or until end is called, which waits for its end.
func (c *coachHere) start(ctx context.Context) (end func()) {
	if c == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Serve(ctx, c.ln); err != nil {
			fmt.Fprintf(os.Stderr, "tutorials: the coach has ended: %v\n", err)
		}
	}()
	return func() { cancel(); <-ended }
}
