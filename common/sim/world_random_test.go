package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// randomScenario makes a scenario of all lines that the language has.
func randomScenario(r *rand.Rand) string {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	client := func() string { return pick("A", "B", "C1..C3", "C2", "D") }
	one := func() string { return pick("A", "B", "C1", "C2", "D") }
	text := fmt.Sprintf("seed %d\npreempt %d\nfiles %d\n%s\n", r.IntN(100), r.IntN(4), 6+r.IntN(20), pick("shuffle", "", "buffers 50 bytes"))
	now := time.Duration(0)
	for range 5 + r.IntN(60) {
		now += time.Duration(r.IntN(4)*r.IntN(700)) * time.Millisecond
		text += fmt.Sprintf("at %v %s\n", now, pick(
			client()+" connect", client()+" connect", client()+` sends "x"`, client()+` sends "{a} {session}"`,
			client()+fmt.Sprintf(" sends %d bytes", 1+r.IntN(400)), client()+" shuts down", client()+" closes", client()+" resets",
			client()+" stops reading", client()+" reads", client()+" read 30 bytes", "the machine stalls for 2s", "the clock jumps by -1h",
			fmt.Sprintf("the limit of files is %d", 3+r.IntN(9)), "the log is full", "the log is read",
			"the process of "+one()+" stops", "the process of "+one()+" continues", "the process of "+one()+" is killed",
			"fault read EINTR", "fault accept4 EMFILE 2 times", "SIGSTOP", "SIGCONT", "SIGSTOP to all", "SIGCONT to all", "SIGHUP to all",
			pick("SIGTERM", "SIGINT to all", "SIGKILL", "SIGKILL to all", "SIGCONT", "SIGCONT to all"),
		))
	}
	for range r.IntN(6) {
		call := pick("read", "write", "execve", "setpgid", "fcntl", "dup3", "accept4", "clone", "close", "pipe2", "wait4")
		text += fmt.Sprintf("fault %s %s %s after %d calls\n", call, pick("EINTR", "ENOMEM", "SIGKILL", "SIGSTOP for 3s", "SIGSTOP for 0s"),
			pick("", "2 times", "9 times"), r.IntN(30))
	}
	return text
}

// A random scenario gives the same run twice, also when a Snapshot is taken after each step, after its text
// was written and parsed, and with Single, whose Steps are shorter. No thread of a stopped process can run.
func TestRandomScenarios(t *testing.T) {
	for seed := range uint64(300) {
		text := randomScenario(rand.New(rand.NewPCG(seed, 0)))
		s, err := ParseScenario(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		checkString(t, s)
		again, _ := ParseScenario(s.String())
		first, steps := playRandom(t, s, Config{}, false)
		second, stepsAgain := playRandom(t, again, Config{}, true)
		if diff := cmp.Diff(first, second); diff != "" || steps != stepsAgain {
			t.Fatalf("seed %d: two runs have %d and %d steps, and differ: %s\n%s", seed, steps, stepsAgain, diff, text)
		}
		single, more := playRandom(t, s, Config{Single: true}, true)
		if diff := cmp.Diff(first, single); diff != "" || more < steps {
			t.Fatalf("seed %d: with Single, which has %d and not %d steps, the run differs: %s\n%s", seed, more, steps, diff, text)
		}
	}
}

func playRandom(t *testing.T, s *Scenario, config Config, look bool) (run string, steps int) {
	var b strings.Builder
	config.Trace = func(e Event) { fmt.Fprintln(&b, e.Time, e.Pid, e.Tid, e.Call, e.Args, e.Result, e.Errno.Name()) }
	f := new(forker)
	w := s.Play(config, Program{Main: f.main, Args: []string{"server"}})
	defer w.Close()
	w.Acted = func(c *Client, a *Action, data []byte) { fmt.Fprintf(&b, "%v %q\n", a, data) }
	const most = 200_000
	for range most {
		if w.Kernel.Uptime() > 2*time.Minute || !w.Step() {
			break
		}
		if look {
			w.Kernel.Snapshot()
		}
		for _, thread := range w.Kernel.runnable {
			if thread.proc.stopped || thread.state != ready {
				t.Fatalf("thread %d can run, although it is stopped, or waits:\n%s", thread.ID, s)
			}
		}
	}
	if w.Steps() == most {
		t.Fatalf("the scenario doesn't end:\n%s", s)
	}
	for _, p := range w.Kernel.processes {
		if len(p.held) > 0 && !p.stopped || p.state != living && (p.stopped || len(p.threads) > 0) {
			t.Errorf("process %d is neither stopped nor running: %+v\n%s", p.Pid, p, s)
		}
	}
	for _, p := range w.Kernel.Panics() {
		t.Fatalf("process %d panicked: %v\n%s\n%s", p.Pid, p.Value, p.Stack, s)
	}
	for _, c := range w.Clients {
		fmt.Fprintf(&b, "%s %q %s\n", c.Name, c.Got, c.End)
	}
	fmt.Fprintln(&b, f.told, w.Server.Err, w.Kernel.Processes())
	return b.String(), w.Steps()
}
