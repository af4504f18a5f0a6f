package simulation

import (
	"strings"
	"testing"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// faulty is a server that reads and never answers, and panics when it reads a certain text.
func faulty() {
	t := sim.Current()
	fd, _ := t.Socket(sim.AF_INET, sim.SOCK_STREAM, 0)
	t.Bind(fd, &sim.SockaddrInet4{Port: 8000, Addr: [4]byte{127, 0, 0, 1}})
	t.Listen(fd, 10)
	t.Write(1, []byte("listening on http://127.0.0.1:8000 \n"))
	for {
		conn, err := t.Accept4(fd, 0)
		if err != nil {
			continue
		}
		t.Go(func() {
			t, b := sim.Current(), make([]byte, 100)
			for n, err := t.Read(conn, b); n > 0 || err == sim.EINTR; n, err = t.Read(conn, b) {
				if strings.Contains(string(b[:max(n, 0)]), "BOOM") {
					panic("the text has come")
				}
			}
			t.Close(conn)
		})
	}
}

const explosion = `seed 3
shuffle
preempt 3
flags -head-timeout=3s
fault read EINTR after 2 calls
at 200ms A connects
at 201ms A sends "GET / HTTP/1.1\r\n"
at 202ms B connects
at 203ms B sends "x"
at 204ms B sends "BOOM"
at 205ms A closes
at 206ms the clock jumps by 1h0m0s
`

func TestTheShortestScenarioOfAPanic(t *testing.T) {
	target := simtest.Target{Name: "faulty", Main: faulty}
	s, err := sim.ParseScenario(explosion)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := Play(target, s, nil)
	if f == nil || f.Kind != "panic" {
		t.Fatalf("got %v, want a panic", f)
	}
	short, f := Shorten(target, s, f)
	want := "seed 3\nat 202ms B connects\nat 204ms B sends \"BOOM\"\n"
	if got := short.String(); got != want || f.Kind != "panic" {
		t.Errorf("got %v and\n%swant\n%s", f, got, want)
	}
}

// A server that never answers breaks rules of its own.
func TestASilentServerIsFound(t *testing.T) {
	s, err := sim.ParseScenario("at 200ms A connects\nat 201ms A sends \"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if f, _ := Play(simtest.Target{Name: "faulty", Main: faulty}, s, nil); f == nil || f.Kind != "silence" {
		t.Errorf("got %v, want silence", f)
	}
}

func TestGeneratedScenariosAreText(t *testing.T) {
	for _, server := range []string{"pollserv", "epollserv", "forkserv", "core"} {
		for seed := range uint64(300) {
			text := Generate(server, seed, [][]byte{[]byte("TRACE / HTTP/1.1\r\n\r\n")})
			s, err := sim.ParseScenario(text)
			if err != nil {
				t.Fatalf("%s, seed %d: %v in\n%s", server, seed, err, text)
			}
			again, err := sim.ParseScenario(s.String())
			if err != nil || again.String() != s.String() {
				t.Fatalf("%s, seed %d: the text of the scenario isn't the same after it was parsed: %v", server, seed, err)
			}
		}
	}
}
