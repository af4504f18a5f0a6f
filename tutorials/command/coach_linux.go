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

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/coach"
	"threeloops/tutorials/learner/progress"
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

// absence is why there is no coach: what the pages say, and what the terminal says, which is nothing if the user
// has asked for that.
type absence struct{ page, terminal string }

// absenceOf is the absence of a coach for a reason that the user didn't choose. The page doesn't repeat what to do,
// because what it says is given to everyone who asks a server.
func absenceOf(reason, detail string) *absence {
	return &absence{
		page: fmt.Sprintf("The coach doesn't run, because %s. The terminal in which you started the servers "+
			"says what to do.", reason),
		terminal: "tutorials: there is no coach, so the buttons in the chapters don't work: " + detail,
	}
}

// listenForCoach takes the coach's port, before the servers' are chosen; base is the first of those. Without the
// port the servers run on without the coach.
func listenForCoach(port, base int) (net.Listener, *absence) {
	if port == noCoach {
		return nil, &absence{page: "The coach doesn't run, because the servers were started with -coach off. " +
			"Start them again without it: go run ./tutorials"}
	}
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	again := "go run ./tutorials -coach 0"
	if base != defaultBase {
		again = fmt.Sprintf("go run ./tutorials -base %d -coach 0", base)
	}
	again = ". Press Ctrl-C, and let the coach take any free port: " + again
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		busy := fmt.Sprintf("port %d is busy", port)
		return nil, absenceOf("its "+strings.Replace(busy, " is ", " was ", 1), busy+again)
	case err != nil:
		return nil, absenceOf(fmt.Sprintf("it can't listen on its port %d", port), err.Error()+again)
	}
	return ln, nil
}

// runningCoach is the coach of this process. Nil is none.
type runningCoach struct {
	*coach.Coach
	ln  net.Listener
	url string
}

// newCoach makes the coach that listens at ln, or none if ln is nil, which without explains. It says in dir's
// site where the coach is. It builds experiments in dir.
func newCoach(ln net.Listener, without *absence, dir string, addrs []string) (*runningCoach, *absence, error) {
	var c *runningCoach
	if ln != nil {
		if file, err := progress.Open(); err != nil {
			ln.Close()
			without = absenceOf("it can't read what it keeps of your progress", err.Error())
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
	o.Chapters, o.Experiments = studied(root)
	for i, name := range models {
		o.Servers = append(o.Servers, coach.Server{Name: name, Addr: addrs[i]})
	}
	return coach.New(o), nil
}

// studied returns the numbers of all chapters, and their experiments. writeSite has said what
// is wrong with chapters.
func studied(root string) (chapters []int, all []*experiment.Experiment) {
	book, _ := markdown.Load(root, markdown.Folder)
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

// writeCoach writes the file by which pages find the coach, with the secret that they need. Without a coach it
// is there too, so that the pages can say why they have none.
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

// start has the coach answer until ctx is over, or until end is called, which waits for its end.
func (c *runningCoach) start(ctx context.Context) (end func()) {
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
