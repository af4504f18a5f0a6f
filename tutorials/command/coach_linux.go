package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/coach"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/standing"
)

// noCoach stands for the port if the user wants no coach.
const noCoach = -1

// coachPort returns the port that the value of -coach chooses, if base is the servers' first port.
// Port 0 means any free port.
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
		return 0, misuse("-coach takes a port (1 to 65535), 0 for any free port, or off; not %q", at)
	case base > 0 && base <= port && port < base+len(models):
		return 0, misuse("-coach %d: a server uses that port; choose another one", port)
	}
	return port, nil
}

// absence says why no coach is running: one text for the pages and one for the terminal. The
// terminal's is empty if the user chose to have no coach.
type absence struct{ page, terminal string }

// absenceOf makes the texts for a reason that the user didn't choose. The page doesn't repeat what
// to do, because a server shows its pages to any client, and detail may name files of this machine.
func absenceOf(reason, detail string) *absence {
	return &absence{
		page: fmt.Sprintf("The coach isn't running, because %s. The terminal in which you started the servers "+
			"says what to do.", reason),
		terminal: "tutorials: the coach isn't running, so the buttons in the chapters don't work: " + detail,
	}
}

// listenForCoach listens on the coach's port. It does so before the servers' ports, which start at
// base, are chosen. If it can't listen, the servers run without a coach.
func listenForCoach(port, base int) (net.Listener, *absence) {
	if port == noCoach {
		return nil, &absence{page: "The coach isn't running, because the servers were started with -coach off. " +
			"Start them again without that flag: go run ./tutorials"}
	}
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	again := "go run ./tutorials -coach 0"
	if base != defaultBase {
		again = fmt.Sprintf("go run ./tutorials -base %d -coach 0", base)
	}
	again = ". Press Ctrl-C, and start again with any free port for the coach: " + again
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		busy := fmt.Sprintf("port %d is in use", port)
		return nil, absenceOf("its "+strings.Replace(busy, " is ", " was ", 1), busy+again)
	case err != nil:
		return nil, absenceOf(fmt.Sprintf("it can't listen on its port %d", port), err.Error()+again)
	}
	return ln, nil
}

// runningCoach is the coach of this process. If it is nil, there is none.
type runningCoach struct {
	*coach.Coach
	ln  net.Listener
	url string
}

// newCoach makes the coach that answers on ln, and writes its address into the site in dir. If ln
// is nil it makes none; without then says why. The coach builds its experiments in dir.
func newCoach(ln net.Listener, without *absence, dir string, addrs []string) (*runningCoach, *absence, error) {
	var c *runningCoach
	if ln != nil {
		if file, err := progress.Open(); err != nil {
			ln.Close()
			without = absenceOf("it can't read your saved progress", err.Error())
		} else {
			c = &runningCoach{ln: ln, url: "http://" + ln.Addr().String()}
			if c.Coach, err = coachFor(file, dir, addrs); err != nil {
				return nil, nil, err
			}
		}
	}
	return c, without, writeCoach(dir, c, without)
}

func coachFor(file *progress.File, dir string, addrs []string) (*coach.Coach, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	o := coach.Options{Runner: &coach.Runner{Root: root, Bin: dir}, Progress: file}
	study(root, &o)
	for i, name := range models {
		o.Servers = append(o.Servers, coach.Server{Name: name, Addr: addrs[i]})
	}
	return coach.New(o), nil
}

// study gives a coach's options what the chapters have. It ignores faults in chapters, because
// writeSite has reported them.
func study(root string, o *coach.Options) {
	book, _ := markdown.Load(root, markdown.Folder)
	if book == nil {
		return
	}
	o.Course = standing.Of(root, book)
	for _, c := range book.Chapters {
		o.Chapters = append(o.Chapters, c.Number)
		for _, e := range c.Experiments {
			o.Experiments = append(o.Experiments, e.Experiment)
		}
	}
}

// writeCoach writes the file that tells pages the coach's address and secret. Without a coach the
// file gives the reason, which the pages show.
func writeCoach(dir string, c *runningCoach, without *absence) error {
	found := make(map[string]string)
	if found["url"] = ""; c != nil {
		found["url"], found["secret"] = c.url, c.Secret()
	} else {
		found["why"] = without.page
	}
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "site", "coach.json"), text, 0o644)
}

// start lets the coach answer until ctx ends or until the caller calls end, which waits until the
// coach has stopped.
func (c *runningCoach) start(ctx context.Context) (end func()) {
	if c == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Serve(ctx, c.ln); err != nil {
			fmt.Fprintf(os.Stderr, "tutorials: the coach has stopped: %v\n", err)
		}
	}()
	return func() { cancel(); <-ended }
}
