package simulation

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"threeloops/common/sim"
)

func (f *fact) state(o *observation) error {
	s, err := f.socket(o, f.words["side"] != "")
	if err == nil && s.State != f.words["state"] {
		err = fmt.Errorf("got %s", s.State)
	}
	return err
}

func (f *fact) buffer(o *observation) error {
	s, err := f.socket(o, f.words["side"] != "")
	if err != nil {
		return err
	}
	if f.words["buffer"] == "unread" {
		return f.compare(len(s.Received))
	}
	return f.compare(len(s.Unsent))
}

// socket is the socket of the fact's client, or the server's end of its connection.
func (f *fact) socket(o *observation, servers bool) (*sim.SocketState, error) {
	c, err := f.client(o)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(o.now.Processes, func(p sim.ProcessState) bool { return !p.Program && p.Args[0] == c.Name })
	if i < 0 || len(o.now.Processes[i].Descriptors) == 0 {
		return nil, fmt.Errorf("the client has no socket")
	}
	s := o.socketOf(o.now.Processes[i].Descriptors[0].File)
	if s == nil {
		return nil, fmt.Errorf("the client has no socket")
	}
	if !servers {
		return s, nil
	}
	for i := range o.now.Sockets {
		if o.now.Sockets[i].ID == s.Peer {
			return &o.now.Sockets[i], nil
		}
	}
	return nil, fmt.Errorf("the connection has no other end")
}

// socketOf is the socket behind an open file description, or nil.
func (o *observation) socketOf(file uint64) *sim.SocketState {
	for _, d := range o.now.Files {
		for i := range o.now.Sockets {
			if d.ID == file && d.Socket == o.now.Sockets[i].ID {
				return &o.now.Sockets[i]
			}
		}
	}
	return nil
}

// holding are the descriptors that lead to the server's end of the client's connection.
func (f *fact) holding(o *observation) (all []holder, err error) {
	s, err := f.socket(o, true)
	if err != nil {
		return nil, err
	}
	for i := range o.now.Processes {
		p := &o.now.Processes[i]
		for _, d := range p.AllDescriptors() {
			if of := o.socketOf(d.File); p.Program && of != nil && of.ID == s.ID {
				all = append(all, holder{p, d.Fd, d.File})
			}
		}
	}
	return all, nil
}

// holder is a descriptor that leads to the server's end of a connection.
type holder struct {
	process *sim.ProcessState
	fd      int
	file    uint64
}

func (f *fact) holders(o *observation) error {
	all, err := f.holding(o)
	if err != nil {
		return err
	}
	return f.compare(len(all))
}

// watched finds the events in the interest list of epoll, or in the array of a poll that waits.
func (f *fact) watched(o *observation) error {
	all, err := f.holding(o)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("no process has it")
	}
	got := "no entry"
	for _, h := range all {
		for _, d := range o.now.Files {
			for _, it := range d.Interest {
				if it.File == h.file {
					got = sim.EventNames(it.Events &^ (sim.POLLERR | sim.POLLHUP)) // the kernel adds these to each entry
				}
			}
		}
		entry := regexp.MustCompile(`\{fd=` + strconv.Itoa(h.fd) + `, events=([^,]*),`)
		for _, t := range h.process.Threads {
			if found := entry.FindStringSubmatch(t.Args); found != nil && t.Waits {
				got = strings.ReplaceAll(found[1], "POLL", "")
			}
		}
	}
	want := f.words["events"]
	if got != want && (want != "nothing" || got != "0" && got != "no entry") {
		return fmt.Errorf("got %q", got)
	}
	return nil
}

func (f *fact) number(o *observation) error {
	n := 0
	switch f.words["what"] {
	case "processes", "zombies":
		for _, p := range o.now.Processes {
			if p.Program && p.Zombie == (f.words["what"] == "zombies") {
				n++
			}
		}
	case "descriptors":
		n = o.w.Server.Descriptors()
	case "waiting":
		for _, s := range o.now.Sockets {
			n += len(s.Backlog)
		}
	case "ready":
		for _, d := range o.now.Files {
			n += len(d.Ready)
		}
	}
	return f.compare(n)
}
