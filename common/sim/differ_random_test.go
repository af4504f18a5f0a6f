//go:build linux

package sim_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// defaultSequences is how many random sequences a plain go test plays.
const defaultSequences = 2000

// sequences is how many random sequences to play: the environment variable THREELOOPS_SEQUENCES.
func sequences(t *testing.T) int {
	text := os.Getenv("THREELOOPS_SEQUENCES")
	if text == "" {
		return defaultSequences
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("THREELOOPS_SEQUENCES is %q, want a number", text)
	}
	return n
}

// onSim plays steps to a new kernel in memory. A call that isn't modelled ends the sequence, and its
// outcome is the panic.
func onSim(steps []step) []string {
	cfg := sim.Config{}
	if len(steps) > 0 && steps[0].call == "limit" {
		cfg.MaxFiles = number(steps[0].args[0])
	}
	k := sim.New(cfg)
	defer k.Close()
	outcomes := make([]string, 0, len(steps))
	func() {
		defer func() {
			if r := recover(); r != nil {
				outcomes = append(outcomes, fmt.Sprint("panic: ", r))
			}
		}()
		play(simulated{k.NewProcess("player").Thread(), k}, steps, &outcomes)
	}()
	return outcomes
}

func onReal(l *linux, steps []step) []string {
	outcomes := make([]string, 0, len(steps))
	if threaded(steps) {
		onProcess(func(l *linux) { play(l, steps, &outcomes) })
		return outcomes
	}
	play(l, steps, &outcomes)
	return outcomes
}

// difference compares the outcomes of both kernels, and returns the index of the first step where
// they differ, or -1.
func difference(real, simulated []string) int {
	for i := range real {
		if i >= len(simulated) || real[i] != simulated[i] {
			return i
		}
	}
	return -1
}

// disagree plays a sequence to both kernels. Linux is asked up to three times: where the machine
// is busy, a segment may arrive after the call that has sent it. A difference counts if Linux
// repeats itself.
func disagree(l *linux, steps []step) (at int, real, simulated []string, flaky bool) {
	simulated = onSim(steps)
	real = onReal(l, steps)
	if at = difference(real, simulated); at < 0 {
		return at, real, simulated, false
	}
	for range 2 {
		if again := onReal(l, steps); difference(again, simulated) < 0 {
			return -1, again, simulated, true
		}
	}
	return at, real, simulated, false
}

// patience is how long insist waits before it asks Linux again.
const patience = 2 * time.Second

// insist is disagree, but it asks Linux again after a while. When memory has been short within the
// last second, Linux doesn't send a FIN while a segment is unacknowledged: it adds the FIN to that
// segment, in case it must send it again.
func insist(l *linux, steps []step) (at int, real, simulated []string, flaky bool) {
	for range 3 {
		if at, real, simulated, flaky = disagree(l, steps); at < 0 {
			break
		}
		time.Sleep(patience)
	}
	return at, real, simulated, flaky
}

// shrink removes steps as long as the same call still has the same two outcomes, and returns a
// shortest sequence.
func shrink(l *linux, steps []step) []step {
	at, real, simulated, _ := disagree(l, steps)
	if at < 0 || at >= len(simulated) {
		return steps
	}
	steps = slices.Clone(steps[:at+1])
	call, wantReal, wantSim := steps[at].call, real[at], simulated[at]
	for size := len(steps) / 2; size > 0; size /= 2 {
		for i := 0; i+size <= len(steps); {
			without := slices.Concat(steps[:i], steps[i+size:])
			at, real, simulated, _ := disagree(l, without)
			if at >= 0 && at < len(simulated) && without[at].call == call && real[at] == wantReal && simulated[at] == wantSim {
				steps = without[:at+1]
			} else {
				i++
			}
		}
	}
	return steps
}

// describe writes a sequence as a written case, with the outcomes of both kernels.
func describe(l *linux, steps []step) string {
	_, real, simulated, _ := disagree(l, steps)
	var b strings.Builder
	for i, s := range steps {
		s.want = real[i]
		if fmt.Fprint(&b, s); i < len(simulated) && simulated[i] != real[i] {
			fmt.Fprintf(&b, "      <- sim: %s", simulated[i])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Random sequences have the same outcomes on both kernels.
func TestRandomSequences(t *testing.T) {
	randomSequences(t, sequences(t), false)
}

// Random sequences of threads that call unshare have the same outcomes on both kernels.
func TestRandomSequencesOfThreads(t *testing.T) {
	needUnshare(t)
	randomSequences(t, sequences(t)/4, true)
}

func randomSequences(t *testing.T, n int, threads bool) {
	errnos := map[string]map[string]int{}
	flaky, found, made := 0, 0, 0
	onLinux(func(l *linux) {
		for i := 0; i < n && found < mostDifferences; i++ {
			waitForTimeWait(i)
			steps := generate(uint64(i), threads)
			at, real, _, retried := insist(l, steps)
			for j, outcome := range real {
				countErrnos(errnos, steps[j].call, outcome)
			}
			made += len(steps)
			if retried {
				flaky++
			}
			if at >= 0 {
				found++
				t.Errorf("sequence %d: the kernels differ in %s:\n%s", i, steps[at], describe(l, shrink(l, steps)))
			}
		}
	})
	if flaky > 2+n/1000 {
		t.Errorf("in %d of %d sequences Linux didn't repeat itself", flaky, n)
	}
	t.Logf("%d sequences, %d calls; in %d sequences Linux didn't repeat itself", n, made, flaky)
	for _, errno := range slices.Sorted(maps.Keys(errnos)) {
		var calls []string
		for _, call := range slices.Sorted(maps.Keys(errnos[errno])) {
			calls = append(calls, fmt.Sprintf("%s %d", call, errnos[errno][call]))
		}
		t.Logf("%s: %s", errno, strings.Join(calls, ", "))
	}
}

// mostDifferences is after how many differences the test gives up.
const mostDifferences = 5

// countErrnos notes the errno that a call has returned.
func countErrnos(counts map[string]map[string]int, call, outcome string) {
	errno, pending := strings.CutPrefix(outcome, "pending ")
	if errno[0] != 'E' {
		return
	}
	if pending {
		call = "SO_ERROR's value"
	}
	if counts[errno] == nil {
		counts[errno] = map[string]int{}
	}
	counts[errno][call]++
}

// waitForTimeWait lets connections leave TIME-WAIT before the kernel has no room for more.
func waitForTimeWait(i int) {
	const between, room = 500, 4
	if i%between != 0 {
		return
	}
	most := 1 << 15
	if text, err := os.ReadFile("/proc/sys/net/ipv4/tcp_max_tw_buckets"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			most = n
		}
	}
	for inTimeWait() > most*(room-1)/room {
		time.Sleep(time.Second)
	}
}

var timeWaits = regexp.MustCompile(`\btw (\d+)`)

// inTimeWait is how many connections of this machine are in TIME-WAIT.
func inTimeWait() int {
	text, err := os.ReadFile("/proc/net/sockstat")
	found := timeWaits.FindSubmatch(text)
	if err != nil || found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n
}
