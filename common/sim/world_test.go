package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// play makes a world of a scenario. The caller runs it.
func play(t *testing.T, text string, main func()) *World {
	t.Helper()
	s, err := ParseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	w := s.Play(Config{}, Program{Main: main, Args: []string{"server"}})
	t.Cleanup(w.Close)
	return w
}

// run runs a world for an hour, and fails if that needs many steps.
func run(t *testing.T, w *World) {
	t.Helper()
	if !w.Run(time.Hour, 100_000) {
		t.Fatal("the scenario doesn't end")
	}
	for _, p := range w.Kernel.Panics() {
		t.Fatalf("process %d panicked: %v\n%s", p.Pid, p.Value, p.Stack)
	}
}

// Acted is called after each action, for each client, in the order of the actions.
func TestAWorldTellsOfActions(t *testing.T) {
	w := play(t, `
at 1s A connects
at 1s B1..B2 connect
at 2s A sends "{none} text"
at 2s the machine stalls for 1s
at 2s B1..B2 send 3 bytes
at 5s A closes
at 6s SIGTERM
`, greeter)
	var got []string
	w.Acted = func(c *Client, a *Action, data []byte) {
		name := "machine"
		if c != nil {
			name = c.Name
		}
		got = append(got, fmt.Sprintf("%v %s %d %q open %t", w.Kernel.Uptime(), name, a.Verb, data, c != nil && c.fd >= 0))
	}
	run(t, w)
	want := []string{
		`1s A 0 "" open true`, `1s B1 0 "" open true`, `1s B2 0 "" open true`, `2s A 1 "{none} text" open true`,
		`3s machine 7 "" open false`, `3s B1 1 "abc" open true`, `3s B2 1 "abc" open true`, `5s A 3 "" open false`,
		`6s machine 9 "" open false`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReferences(t *testing.T) {
	const received = `{"seq":1,"session":"old"} {"session":"a\"b","seq": 12,"neg":-1.5e3,"seq":x,"list":[],"s":""}{"cut":"ab","cut":"a`
	for text, want := range map[string]string{
		"plain":                           "plain",
		"{session}":                       `a\"b`,
		"x{seq}y{neg}{s}z":                "x12y-1.5e3z",
		"{list}{nothing}{Seq}{}{":         "{list}{nothing}{Seq}{}{",
		"{{seq}}{seq":                     "{12}{seq",
		"{cut}":                           "ab",
		`{"type":"say","text":"{seq}"}`:   `{"type":"say","text":"12"}`,
		"{seq1}{se q}{seq\x00}{se{seq}":   "{seq1}{se q}{seq\x00}{se12",
		"GET /poll?s={session}&since={s}": `GET /poll?s=a\"b&since=`,
	} {
		if got := string(resolve([]byte(text), []byte(received))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	long := strings.Repeat("v", longestValue)
	for received, want := range map[string]string{
		`"n":"` + long + `"`: long, `"n":7,"n":"` + long + `v"`: "7",
		`"n":1`: "{n}", `"n":12,`: "12", `"n":1 "n":2`: "1", `"n":"`: "{n}", `"n":"\"`: "{n}", `"n":`: "{n}",
		`"n":true,`: "{n}", `"n":+1,`: "{n}", `xn":1,`: "{n}", ``: "{n}", `"n":"1`: "{n}", `"n":"\\"`: `\\`,
	} {
		if got := string(resolve([]byte("{n}"), []byte(received))); got != want {
			t.Errorf("after %s: got %s, want %s", received, got, want)
		}
	}
}

// lender gives each client a ticket, and says what it gets back.
func lender() {
	self := Current()
	ln, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
	self.Bind(ln, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 80})
	self.Listen(ln, 8)
	for ticket := 1; ; ticket++ {
		c, _ := self.Accept4(ln, 0)
		var b [100]byte
		n, _ := self.Read(c, b[:])
		self.Write(c, fmt.Appendf(nil, `{"got":"%s","ticket":%d}`, b[:n], ticket))
		self.Close(c)
	}
}

// A client sends what it has received on an earlier connection, also if its caller has taken that,
// and not what another one has.
func TestAClientSendsWhatItHasReceived(t *testing.T) {
	w := play(t, `
at 1s A connects
at 1s A sends "first"
at 2s B connects
at 2s B sends "{ticket}"
at 3s A connects
at 3s A sends "then {ticket}, {got}"
`, lender)
	taken := map[string][]string{}
	w.Acted = func(c *Client, a *Action, data []byte) {
		for _, c := range w.Clients {
			taken[c.Name] = append(taken[c.Name], string(c.Take()))
		}
	}
	run(t, w)
	w.Acted(nil, nil, nil)
	if err := w.Do("B connects"); err != nil {
		t.Fatal(err)
	}
	w.Do(`B sends "last {ticket}"`)
	run(t, w)
	w.Acted(nil, nil, nil)
	got := []string{strings.Join(taken["A"], ""), strings.Join(taken["B"], "")}
	want := []string{
		`{"got":"first","ticket":1}{"got":"then 1, first","ticket":3}`,
		`{"got":"{ticket}","ticket":2}{"got":"last 2","ticket":4}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// forker is a server that starts a process for each client, and tells what that process does.
type forker struct {
	k    *Kernel
	told []string
}

func (f *forker) main() {
	self := Current()
	if self.Args()[0] == "child" {
		f.serve(self)
		return
	}
	ln, _ := listener(self)
	self.Notify(SIGCHLD)
	for {
		c, err := self.Accept4(ln, SOCK_CLOEXEC)
		if err != nil {
			f.told = append(f.told, err.(Errno).Name())
			self.Sleep(time.Second)
			continue
		}
		self.ForkExec(ownProgram, []string{"child"}, &ProcAttr{Files: []uintptr{0, 1, 2, uintptr(c)}, Sys: &SysProcAttr{Setpgid: true}})
	}
}

func (f *forker) serve(self *Thread) {
	signals := self.Notify(SIGHUP)
	self.Go(func() {
		for {
			sig, _ := Current().SignalWait(signals, forever)
			f.told = append(f.told, fmt.Sprintf("%d %v", self.Getpid(), sig))
		}
	})
	for b := make([]byte, 100); ; {
		n, _ := self.Read(3, b)
		if n <= 0 {
			return
		}
		self.Write(2, b[:n])
		self.Write(3, fmt.Appendf(nil, "%d %s, ", self.MaxFiles(), b[:n]))
	}
}

// forked plays a scenario to a forker.
func forked(t *testing.T, text string) (w *World, f *forker) {
	f = new(forker)
	w = play(t, text, f.main)
	f.k = w.Kernel
	return w, f
}

// The process of a client is the last one that has its connection. It alone stops.
func TestTheProcessOfAClient(t *testing.T) {
	w, _ := forked(t, `
at 1s A connects
at 1s B connects
at 1s C connects
at 2s the process of A stops
at 2s the process of C is killed
at 2s the process of D is killed
at 3s A sends "x"
at 3s B sends "y"
at 5s the process of A continues
at 6s A sends "z"
at 7s B resets
at 8s the process of B is killed
`)
	var got []string
	w.Acted = func(c *Client, a *Action, data []byte) {
		if a.Verb == SignalsServing {
			pid := 0
			if c := w.byName[a.Of]; c != nil && c.ServedBy() != nil {
				pid = c.ServedBy().Pid
			}
			got = append(got, fmt.Sprintf("%s %v of %d:", a.Of, a.Signal, pid))
			for _, p := range w.Kernel.Processes() {
				if p.Args[0] == "child" {
					got = append(got, fmt.Sprintf("%d %s", p.Pid, p.State))
				}
			}
		}
	}
	run(t, w)
	for _, c := range w.Clients {
		got = append(got, fmt.Sprintf("%s: %s %s", c.Name, c.Got, c.End))
	}
	want := []string{ // the clients have the pids 2 to 4, and their servers 5 to 7
		"A stopped (signal) of 5:", "5 stopped", "6 sleeping", "7 sleeping",
		"C killed of 1:", "5 stopped", "6 sleeping", "7 zombie", // the parent has all connections, too
		"D killed of 0:", "5 stopped", "6 sleeping", "7 zombie",
		"A continued of 5:", "5 running", "6 sleeping", "7 zombie",
		"B killed of 0:", "5 sleeping", "6 zombie", "7 zombie",
		"A: 1024 x, 1024 z,  ", "B: 1024 y,  ", "C:  ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The limit of files is set in all processes of the server, and its children inherit it.
func TestTheLimitOfFilesIsOfAllProcesses(t *testing.T) {
	w, f := forked(t, `
at 1s A connects
at 2s the limit of files is 8
at 3s A sends "x"
at 4s B connects
at 5s B sends "y"
at 6s the limit of files is 6
at 7s C connects
at 8s A sends "z"
at 9s the limit of files is 9
`)
	run(t, w)
	var got []string
	for _, c := range w.Clients {
		got = append(got, string(c.Got))
	}
	if want := []string{"8 x, 6 z, ", "8 y, ", ""}; !slices.Equal(got, want) {
		t.Errorf("the clients get %q, want %q", got, want)
	}
	if !slices.Contains(f.told, "EMFILE") {
		t.Errorf("the server is told %q, want EMFILE", f.told)
	}
}

// Nobody reads the log: a write to it waits, in a child, too.
func TestTheLogIsFull(t *testing.T) {
	w, _ := forked(t, `
at 1s A connects
at 2s the log is full
at 3s A sends "x"
at 5s A sends "y"
at 8s the log is read
at 9s A sends "z"
`)
	var got []string
	w.Acted = func(*Client, *Action, []byte) {
		got = append(got, fmt.Sprintf("%v %s %s", w.Kernel.Uptime(), w.Server.Err, w.byName["A"].Got))
	}
	run(t, w)
	got = append(got, fmt.Sprint(w.Server.Err.String(), " ", string(w.Clients[0].Got)))
	want := []string{"1s  ", "2s  ", "3s  ", "5s  ", "8s  ", "9s xy 1024 x, 1024 y, ", "xyz 1024 x, 1024 y, 1024 z, "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A write to a full log returns EAGAIN with O_NONBLOCK, and poll doesn't report POLLOUT.
func TestAFullLogIsLikeAFullPipe(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		p := k.find(self.Getpid())
		interest := []PollFd{{Fd: 2, Events: POLLOUT}}
		polled := func() string {
			_, err := self.Poll(interest, 0)
			return fmt.Sprint(interest[0].Revents, err)
		}
		p.Err.Fill()
		if got := polled(); got != "0 <nil>" {
			t.Errorf("poll of the full log: %s", got)
		}
		d, _ := self.opened(2)
		d.flags |= O_NONBLOCK
		if n, err := self.Write(2, []byte("x")); n != -1 || err != EAGAIN {
			t.Errorf("a write to the full log: %d, %v", n, err)
		}
		if n, err := self.Write(2, nil); n != 0 || err != nil {
			t.Errorf("a write of nothing: %d, %v", n, err)
		}
		k.After(time.Second, p.Err.Drain)
		if n, err := self.Poll(interest, -1); n != 1 || err != nil || k.Uptime() != time.Second {
			t.Errorf("a poll that waits: %d, %v after %v", n, err, k.Uptime())
		}
		if n, err := self.Write(2, []byte("x")); n != 1 || err != nil || p.Err.String() != "x" {
			t.Errorf("a write to the log that is read: %d, %v", n, err)
		}
	})
}

// A signal goes to the server alone, or to all its processes.
func TestSignalsGoToOneOrAll(t *testing.T) {
	for text, want := range map[string]string{
		"at 2s SIGHUP to all\nat 3s SIGCONT to all": "[4 hangup 5 hangup] [sleeping sleeping] true",
		"at 2s SIGKILL":                              "[] [sleeping sleeping] true",
		"at 2s SIGKILL to all":                       "[] [] true",
		"at 2s SIGSTOP\nat 3s SIGTERM":               "[] [stopped sleeping sleeping] false",
		"at 2s SIGSTOP to all\nat 3s SIGHUP to all":  "[] [stopped stopped stopped] false",
		"at 2s SIGSTOP to all\nat 3s SIGCONT to all": "[] [sleeping sleeping sleeping] false",
		"at 2s SIGTERM to all\nat 3s SIGTERM to all": "[] [] true",
		"at 2s SIGSTOP to all\nat 3s SIGKILL":        "[4 hangup 5 hangup] [sleeping sleeping] true",
	} {
		w, f := forked(t, "at 1s A1..A2 connect\n"+text)
		run(t, w)
		states := []string{}
		for _, p := range w.Kernel.Processes() {
			if w.Kernel.find(p.Pid).outside == nil {
				states = append(states, p.State)
			}
		}
		_, ended := w.Server.Ended()
		if got := fmt.Sprint(f.told, " ", states, " ", ended); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// Descendants are the children, and theirs.
func TestAFamilyHasGrandchildren(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.NewProcess("another")
	p := k.Start(Program{Args: []string{"a", "b", "c"}, Main: func() {
		if args := Current().Args(); len(args) > 1 {
			Current().ForkExec(ownProgram, args[1:], nil)
		}
		Current().Sleep(time.Hour)
	}})
	k.Run(time.Second)
	var names []string
	for _, member := range p.family() {
		names = append(names, member.args[0])
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("the family is %q", names)
	}
}
