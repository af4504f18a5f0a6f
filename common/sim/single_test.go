package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// With Single each Step ends after one system call, and no client acts before the turn is over.
func TestSingleSteps(t *testing.T) {
	traced := 0
	config := Config{Single: true, Trace: func(e Event) {
		if e.Call == "getpeername" || e.Call == "fcntl" || e.Call == "accept4" || e.Call == "read" && e.Pid == 1 {
			traced++
		}
	}}
	s, _ := ParseScenario("at 1s A connects\nat 1s A sends \"x\"")
	w := s.Play(config, Program{Main: func() {
		self := Current()
		fd, _ := listener(self)
		accepted, _ := self.Accept4(fd, 0)
		self.Getpeername(accepted)
		self.Read(accepted, make([]byte, 10))
	}})
	defer w.Close()
	before := 0
	for w.Step() {
		if traced-before > 1 {
			t.Errorf("step %d made %d calls, want at most 1", w.Steps(), traced-before)
		}
		before = traced
	}
	if traced != 3 {
		t.Errorf("the server made %d of the calls, want 3", traced)
	}
}

// A thread whose process is killed in the middle of its turn has no turn any more.
func TestAKilledThreadHasNoTurn(t *testing.T) {
	w := new(Scenario).Play(Config{Single: true}, Program{Main: func() {
		for {
			Current().Getrandom(make([]byte, 1))
		}
	}})
	defer w.Close()
	for !w.InTurn() {
		w.Step()
	}
	if err := w.Do("SIGKILL"); err != nil {
		t.Fatal(err)
	}
	if turn := w.Kernel.Snapshot().Turn; w.InTurn() || turn != 0 || w.Step() {
		t.Errorf("the turn of thread %d goes on", turn)
	}
}

// An inserted action comes in its place, and the scenario that has it gives the same run.
func TestInsertedActions(t *testing.T) {
	s, err := ParseScenario("at 1s A connects\nat 2s A sends \"x\"\nat 3s A closes")
	if err != nil {
		t.Fatal(err)
	}
	play := func(s *Scenario, insert func(w *World)) (acted []string) {
		w := s.Play(Config{}, Program{Main: func() { listener(Current()); Current().Sleep(time.Hour) }})
		defer w.Close()
		w.Acted = func(_ *Client, a *Action, _ []byte) { acted = append(acted, a.String()) }
		w.Run(1500*time.Millisecond, 1000)
		insert(w)
		w.Run(time.Minute, 1000)
		return acted
	}
	got := play(s, func(w *World) {
		for _, line := range []string{"A sends \"{a}\"", "fault read EINTR", "A stops reading"} {
			a, err := ParseAction(line)
			if err != nil {
				t.Fatal(err)
			}
			a.At = 2 * time.Second
			w.Insert(a)
		}
	})
	want := []string{"at 1s A connects", "at 2s A sends \"x\"", "at 2s A sends \"{a}\"", "at 2s fault read EINTR",
		"at 2s A stops reading", "at 3s A closes"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what happened differs: %s", diff)
	}
	if len(s.Actions) != 3 {
		t.Errorf("the scenario has %d actions afterwards, want 3: Insert must not change it", len(s.Actions))
	}
	late := play(s, func(w *World) { w.Insert(Action{At: time.Second, Clients: []string{"A"}, Verb: ShutsDown}) })
	if i := slices.Index(late, "at 1s A shuts down"); i != 1 {
		t.Errorf("an action whose time has passed came as number %d of %q, want 1", i, late)
	}
}

func TestParseAction(t *testing.T) {
	for line, want := range map[string]string{
		"A dances":         `3: want connects, sends, shuts down, closes, resets, stops reading or reads, got "dances"`,
		"fault read":       "11: want the name of an errno such as EMFILE, a number of bytes, SIGKILL, or SIGSTOP for a time, and the line ends here",
		"SIGTERM to all x": `16: want the end of the line, got "x"`,
	} {
		if _, err := ParseAction(line); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", line, err, want)
		}
	}
}

// An event names the open file descriptions that the call works on.
func TestAnEventNamesItsFiles(t *testing.T) {
	files := map[string][2]uint64{}
	k := New(Config{Trace: func(e Event) { files[e.Call] = [2]uint64{e.File, e.NewFile} }})
	defer k.Close()
	self := k.NewProcess("test").Thread()
	fd, _ := self.Eventfd(3, 0)
	id := k.Snapshot().Processes[0].Descriptors[0].File
	self.EpollCreate1(fd) // the flags are the number of an open descriptor
	epoll := k.Snapshot().Processes[0].Descriptors[1].File
	self.Dup(fd)
	self.Read(fd, make([]byte, 8))
	self.Getrandom(make([]byte, 1))
	self.Close(fd)
	self.Exit(fd + 1) // the status is the number of an open descriptor, too
	want := map[string][2]uint64{"eventfd2": {0, id}, "epoll_create1": {0, epoll}, "dup": {id, id}, "read": {id, 0}, "getrandom": {}, "close": {id, 0}, "exit_group": {}}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("the files differ: %s", diff)
	}
}
