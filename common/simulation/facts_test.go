package simulation

import (
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// echoing is a server that echoes once what a client sends, starts a child, and closes. Its child
// keeps the connection until it is killed.
func echoing() {
	t := sim.Current()
	if len(t.Args()) > 1 {
		t.Sleep(1e12)
		return
	}
	fd, _ := t.Socket(sim.AF_INET, sim.SOCK_STREAM, 0)
	t.Bind(fd, &sim.SockaddrInet4{Port: 8000, Addr: [4]byte{127, 0, 0, 1}})
	t.Listen(fd, 1)
	ep, _ := t.EpollCreate1(0)
	for {
		conn, _ := t.Accept4(fd, 0)
		t.EpollCtl(ep, sim.EPOLL_CTL_ADD, conn, &sim.EpollEvent{Events: sim.POLLIN | sim.POLLOUT, Fd: int32(conn)})
		b := make([]byte, 4)
		n, _ := t.Read(conn, b)
		t.Write(conn, b[:n])
		t.ForkExec("/proc/self/exe", []string{"echoing", "child"}, &sim.ProcAttr{Files: []uintptr{0, 1, 2, uintptr(conn)}})
		t.Write(2, []byte("served one\n"))
		t.Close(conn)
	}
}

const echoingScenario = `at 1s A connects
at 2s A sends "hello, world"
at 3s B1..B3 connect
at 4s C connects
at 5s the process of A is killed
at 7s SIGKILL
`

// Each fact is shown by the run, and its contrary isn't. So a check that never fails is found.
func TestFactsCanFail(t *testing.T) {
	target := simtest.Target{Name: "echoing", Main: echoing}
	for _, tt := range []struct{ fact, contrary string }{
		{`accept4 twice to 6s`, `accept4 3 times to 6s`},
		{`accept4 at least 2 times`, `accept4 at least 9 times`},
		{`accept4 at most 2 times`, `accept4 at most 1 times`},
		{`accept4 once to 2s`, `accept4 once to 4s`},
		{`read never from 2.1s to 6s`, `read never from 2s to 6s`},
		{`read = 4 once`, `read = 5 once`},
		{`read(hell) = 4 once`, `read(world) = 4 once`},
		{`read EAGAIN never`, `read EAGAIN once`},
		{`A got nothing at 1.9s`, `A got nothing at 2s`},
		{`A got 4 bytes`, `A got 5 bytes at 3s`},
		{`A got "l" twice`, `A got "l" once`},
		{`A got "hell" never at 1s`, `A got "hell" never at 2s`},
		{`A ended by ECONNRESET at 5s`, `A ended by FIN at 5s`},
		{`A ended by ECONNRESET`, `A ended by ECONNRESET at 4s`},
		{`A has not ended at 4.9s`, `A has not ended at 5s`},
		{`B1 is ESTABLISHED at 4s`, `B3 is ESTABLISHED at 4s`},
		{`B3 is SYN-SENT at 4s`, `B1 is SYN-SENT at 4s`},
		{`server of A has 8 bytes unread at 3s`, `server of A has 7 bytes unread at 3s`},
		{`A has 0 bytes unread at 3s`, `A has at least 1 bytes unread at 3s`},
		{`server of A has 0 bytes unsent at 3s`, `server of A has 1 bytes unsent at 3s`},
		{`server of A is watched for IN|OUT at 3s`, `server of A is watched for IN at 3s`},
		{`2 descriptors hold A at 3s`, `1 descriptors hold A at 3s`},
		{`2 processes at 3s`, `1 processes at 3s`},
		{`1 zombies at 6s`, `0 zombies at 6s`},
		{`0 zombies at 3s`, `1 zombies at 3s`},
		{`2 waiting at 4s`, `3 waiting at 4s`},
		{`6 descriptors at 4s`, `5 descriptors at 4s`},
		{`2 ready at 3s`, `1 ready at 3s`},
		{`log "served one" once`, `log "served one" twice`},
		{`server ended with status -1 at 7s`, `server ended with status 0 at 7s`},
	} {
		if wrong := shows(t, target, tt.fact); len(wrong) != 0 {
			t.Errorf("%s: %v", tt.fact, wrong)
		}
		if wrong := shows(t, target, tt.contrary); len(wrong) != 1 || !strings.Contains(wrong[0].Error(), tt.contrary) {
			t.Errorf("%s: got %v, want one error that names it", tt.contrary, wrong)
		}
	}
}

// A fact about something that isn't there fails with an error that says what is missing.
func TestFactsAboutNothing(t *testing.T) {
	target := simtest.Target{Name: "echoing", Main: echoing}
	for text, want := range map[string]string{
		`Z got nothing`:                             "no client has that name",
		`Z is ESTABLISHED at 1s`:                    "no client has that name",
		`C is ESTABLISHED at 1s`:                    "no client has that name",
		`server of B3 has 0 bytes unread at 3s`:     "the connection has no other end",
		`server of Z is watched for nothing at 3s`:  "no client has that name",
		`server of B2 is watched for nothing at 3s`: "no process has it",
	} {
		wrong := shows(t, target, text)
		if len(wrong) != 1 || wrong[0].Error() != "want "+text+": "+want {
			t.Errorf("%s: got %v, want %s", text, wrong, want)
		}
	}
}

func shows(t *testing.T, target simtest.Target, text string) []error {
	t.Helper()
	f, err := parseFact(text)
	if err != nil {
		t.Fatal(err)
	}
	return observe(target, parse(t, echoingScenario), []fact{f})
}

func TestWrongFacts(t *testing.T) {
	for _, text := range []string{"", "accept4", "accept4 two times", "A got", `A got "" once`, `A got "x once`, "accept4 once from now",
		"3 processes", "A is ESTABLISHED", "server of A is watched for IN", "accept4 once at 3s", "A ended by FIN at three"} {
		if _, err := parseFact(text); err == nil {
			t.Errorf("%q is a fact, want an error", text)
		}
	}
}

// The gallery has what it promises, whatever servers this test was built without.
func TestTheGallery(t *testing.T) {
	all := Examples(t)
	if len(all) < 20 {
		t.Errorf("the gallery has %d examples, want at least 20", len(all))
	}
	for _, e := range all {
		s := parse(t, e.Scenario)
		again, err := sim.ParseScenario(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%s: the scenario isn't the same after it was written: %v", e.Name, err)
		}
		if !strings.HasSuffix(e.Question, "?") || !strings.HasSuffix(e.Answer, ".") {
			t.Errorf("%s: want a question that ends with ? and an answer that ends with a period", e.Name)
		}
	}
}

// An example without a reason against it is one that GalleryOnLinux can play.
func TestExamplesForLinux(t *testing.T) {
	const longest = 2 * time.Second
	moves := []sim.Verb{sim.Connects, sim.Sends, sim.ShutsDown, sim.Closes, sim.Resets, sim.StopsReading, sim.Reads, sim.SendsSignal}
	native := 0
	for _, e := range Examples(t) {
		if e.SimulatedOnly != "" {
			continue
		}
		native++
		s := parse(t, e.Scenario)
		if span := s.Actions[len(s.Actions)-1].At - s.Actions[0].At; span > longest || len(s.Faults) > 0 || s.Files > 0 || e.Program != Servers {
			t.Errorf("%s takes %v, has %d faults, and is for %s: say why it is only simulated", e.Name, span, len(s.Faults), e.Program)
		}
		for _, a := range s.Actions {
			if sips := a.Verb == sim.Reads && strings.Contains(a.String(), "bytes"); sips || !slices.Contains(moves, a.Verb) || a.All {
				t.Errorf("%s: nobody can do that on Linux: %s", e.Name, a.String())
			}
		}
	}
	if native < 10 {
		t.Errorf("%d examples are compared with Linux, want at least 10", native)
	}
}

// A server that spins fails, and neither hangs the test nor fills its memory.
func TestASpinningServerIsNoticed(t *testing.T) {
	spinning := simtest.Target{Name: "spinning", Main: func() {
		for {
			sim.Current().Getpeername(9)
		}
	}}
	wrong := shows(t, spinning, "A has not ended")
	if len(wrong) != 1 || !strings.Contains(wrong[0].Error(), "still runs") {
		t.Errorf("got %v, want one error", wrong)
	}
}
