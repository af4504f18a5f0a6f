package sim

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// samples are scenarios in which each line of the language is.
var samples = []string{
	greeting,
	`
seed 7
preempt 1
shuffle
flags -max-conns=3 -root /site
flags -prefork=2
buffers 1000 bytes
files 20
at 0ms    A connects
at 0ms    B1..B10 connect
at 5ms    A sends "GET / HT" # a comment
at 6ms    A sends 100000 bytes
at 6ms    A sends 3 bytes
at 6ms    A sends ""
at 6ms    A sends "\x00\xff\n\r\"é\u2028"
at 9ms    A resets
at 10ms   A stops reading
at 15ms   A reads 100 bytes
at 20ms   A reads # on
at 25ms   A shuts down
at 30ms   B2 closes
at 30ms   B007 closes
at 30ms   B1..B1 shut down
at 30ms   B1..B3 send "x"
at 1s     the machine stalls for 3s
at 2s     the clock jumps by -1h
at 2s     B3 connects from 127.0.0.2
at 2s     C1..C3 connect from 127.9.9.9
at 2s     the operator types "kick 1\n"
at 2s     the operator types "" # nothing
at 2s     the file /srv/a.html becomes "\xff new"
at 2s     the file /srv/b becomes ""
at 2s     the file /srv/c becomes 1000 bytes of "new "
at 2s     the directory /srv is replaced
at 5.000000001s     SIGTERM
at 5s1ms  SIGHUP
at 6s     the limit of files is 10
at 6s     the log is full
at 6s     the log is read # aloud
at 6s     the process of A stops
at 6s     the process of B2 continues
at 6s     the process of B007 is killed
at 7s     SIGKILL
at 7s     SIGSTOP
at 7s     SIGCONT
at 8s     SIGTERM to all
at 8s     SIGSTOP to all # of them
at 9s     fault accept4 ENFILE
at 9s     fault read 3 bytes 2 times after 4 calls
at 999h   SIGINT
fault     accept4 EMFILE 2 times
fault     sendto 3 bytes always after 10 calls
fault     read EINTR
fault     read SIGKILL after 3 calls
fault     write SIGSTOP for 2s always
`,
}

// checkString checks that a scenario's text gives an equal scenario, with the same text.
func checkString(t *testing.T, s *Scenario) {
	t.Helper()
	text := s.String()
	again, err := ParseScenario(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if diff := cmp.Diff(s, again, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("%s gives another scenario: %s", text, diff)
	}
	if twice := again.String(); twice != text {
		t.Errorf("the text is\n%s\nand then\n%s", text, twice)
	}
}

func TestAScenariosTextGivesTheScenario(t *testing.T) {
	for _, text := range samples {
		s, err := ParseScenario(text)
		if err != nil {
			t.Fatal(err)
		}
		checkString(t, s)
	}
}

// The text is short, and has nothing that is the default.
func TestAScenariosTextIsCanonical(t *testing.T) {
	s, err := ParseScenario(strings.Join([]string{
		"flags -b", "shuffle", "flags  -a", "fault read EINTR  1 times after 0 calls", "seed 0", "at 1000ms B1..B3 connects # all", "at 1m the clock jumps by -90s",
		"at 60s A send 100 bytes", `at 60s A sends "abc"`, "fault write 2 bytes 3 times always after 4 calls",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `shuffle
flags -b -a
at 1s B1..B3 connect
at 1m0s the clock jumps by -1m30s
at 1m0s A sends 100 bytes
at 1m0s A sends "abc"
fault read EINTR
fault write 2 bytes always after 4 calls
`
	if diff := cmp.Diff(want, s.String()); diff != "" {
		t.Error(diff)
	}
	if got, want := (&Action{Clients: []string{"A", "B1"}, Verb: Resets}).String(), "at 0s A resets\nat 0s B1 resets"; got != want {
		t.Errorf("an action of clients that no range names: got %q, want %q", got, want)
	}
}

func TestTheWordsOfAnAction(t *testing.T) {
	for _, words := range []string{"A connects", `B1..B3 send "x"`, "A reads 5 bytes", "SIGTERM to all", "the log is full",
		"A connects from 127.0.0.2", `the operator types "users"`, `the file /a becomes 7 bytes of "ab"`, "the directory /a is replaced"} {
		a, err := ParseAction(words)
		if err != nil {
			t.Fatal(err)
		}
		if a.At = time.Second; a.Words() != words || a.String() != "at 1s "+words {
			t.Errorf("%s: the words are %s, and the line is %s", words, a.Words(), &a)
		}
	}
	several := Action{At: time.Second, Clients: []string{"A", "B"}, Verb: Closes}
	if several.Words() != "A closes\nB closes" || several.String() != "at 1s A closes\nat 1s B closes" {
		t.Errorf("the words of several clients are %q, and the lines are %q", several.Words(), several.String())
	}
}
