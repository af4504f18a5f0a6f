package simulation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

var pictures = flag.String("pictures", "",
	"write the run of each example of the gallery to a `folder`, as lanes and events of a space-time diagram")

// picture is a run as a space-time diagram draws it: a file that the flag -pictures writes.
type picture struct {
	Lanes  []lane            `json:"lanes"`
	Events []drawnEvent      `json:"events"`
	Pairs  map[uint64]uint64 `json:"pairs"` // the two open file descriptions of each connection
}

// lane is a client, the kernel or a process.
type lane struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // client, kernel or process
}

// drawnEvent is a system call that has returned, or an action of the scenario.
type drawnEvent struct {
	Time    time.Duration  `json:"time"`
	Lane    string         `json:"lane"`
	Thread  int            `json:"thread,omitempty"`
	Call    string         `json:"call,omitempty"`
	Args    string         `json:"args,omitempty"`
	Result  *int           `json:"result,omitempty"`
	Errno   string         `json:"errno,omitempty"`
	File    uint64         `json:"file,omitempty"`
	NewFile uint64         `json:"newFile,omitempty"`
	Action  string         `json:"action,omitempty"`
	Began   *time.Duration `json:"began,omitempty"`
	Slept   *bool          `json:"slept,omitempty"`
}

// draw writes the run of the example to the file SERVER-NAME.json in the folder that the flag -pictures
// names.
func (e *Example) draw(t *testing.T, target simtest.Target) {
	t.Helper()
	if *pictures == "" {
		return
	}
	text, err := json.Marshal(drawRun(target, parse(t, e.Scenario)))
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, target.Name+"-"+e.Name+".json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// drawer makes a picture while a scenario is played.
type drawer struct {
	w       *sim.World
	picture picture
	lanes   map[int]string        // IDs of the lanes of processes and clients
	server  string                // name of the server's lane
	child   string                // name of its children's lanes, without their number
	last    map[int]time.Duration // when each thread made its last call
	born    map[int]time.Duration // when each process was started
	connect bool                  // the last step made or connected a socket
	files   map[uint64]uint64     // the open file description of each socket
	acted   int                   // the step of the last action
}

// drawRun plays a scenario, and a second after its last line.
func drawRun(target simtest.Target, s *sim.Scenario) *picture {
	d := &drawer{
		picture: picture{Pairs: map[uint64]uint64{}}, lanes: map[int]string{}, server: target.Name, child: "child",
		last: map[int]time.Duration{}, born: map[int]time.Duration{}, files: map[uint64]uint64{}, acted: -1,
	}
	if target.Name == Mistakes {
		d.server, d.child = "server", "helper"
	}
	d.w = s.Play(sim.Config{Trace: d.call, Single: true},
		sim.Program{Main: target.Main, Args: append([]string{target.Name}, target.Flags...)})
	defer d.w.Close()
	d.w.Acted = d.action
	end := settling
	if n := len(s.Actions); n > 0 {
		end += s.Actions[n-1].At
	}
	for !d.w.Run(end, 1) && d.w.Steps() < mostSteps {
		if d.connect {
			d.pair()
			d.connect = false
		}
	}
	return &d.picture
}

// call draws a system call.
func (d *drawer) call(e sim.Event) {
	drawn := drawnEvent{
		Time: e.Time, Lane: d.lane(e.Pid), Thread: e.Tid, Call: e.Call, Args: e.Args, Result: &e.Result,
		File: e.File, NewFile: e.NewFile,
	}
	if e.Errno != 0 {
		drawn.Errno = e.Errno.Name()
	}
	began, known := d.last[e.Tid]
	if !known {
		began = d.born[e.Pid]
	}
	if e.Slept {
		drawn.Began = &began
	}
	drawn.Slept = &e.Slept
	d.last[e.Tid] = e.Time
	if e.Call == "clone" {
		d.born[e.Result] = e.Time
	}
	d.connect = d.connect || e.NewFile != 0 || e.Call == "connect"
	d.picture.Events = append(d.picture.Events, drawn)
}

// action draws an action of the scenario, once for all its clients. An action of several clients is in the
// kernel's lane, as one of the machine is.
func (d *drawer) action(c *sim.Client, a *sim.Action, _ []byte) {
	if d.acted == d.w.Steps() {
		return
	}
	d.acted = d.w.Steps()
	drawn := drawnEvent{Time: d.w.Kernel.Uptime(), Lane: "kernel", Action: a.Words()}
	if c != nil && len(a.Clients) == 1 {
		drawn.Lane = d.lane(c.Pid())
	}
	d.picture.Events = append(d.picture.Events, drawn)
}

// lane returns the lane of a process or a client. The first call in it makes the lane.
func (d *drawer) lane(pid int) string {
	if id := d.lanes[pid]; id != "" {
		return id
	}
	l := lane{Kind: "process", Name: d.server}
	children := 0
	for _, other := range d.picture.Lanes {
		if other.Kind == l.Kind {
			children++
		}
	}
	if pid != d.w.Server.Pid {
		l.Name = fmt.Sprintf("%s %d", d.child, children)
	}
	for _, c := range d.w.Clients {
		if c.Pid() == pid {
			l.Name, l.Kind = c.Name, "client"
		}
	}
	l.ID = l.Name
	d.lanes[pid] = l.ID
	d.picture.Lanes = append(d.picture.Lanes, l)
	return l.ID
}

// pair notes which open file descriptions are the two ends of a connection.
func (d *drawer) pair() {
	s := d.w.Kernel.Snapshot()
	for i := range s.Files {
		if f := &s.Files[i]; f.Socket != 0 {
			d.files[f.Socket] = f.ID
		}
	}
	for i := range s.Sockets {
		mine, other := d.files[s.Sockets[i].ID], d.files[s.Sockets[i].Peer]
		if mine != 0 && other != 0 {
			d.picture.Pairs[mine] = other
		}
	}
}
