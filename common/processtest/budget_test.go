package processtest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// budgets are tests of what a server holds, computes and sends, whatever its clients ask for.
func (target Target) budgets() []process {
	return []process{
		{"budget: an answer of the room is in proportion to its request", boundsAnswers},
		{"budget: a member that never reads holds no more memory than its limit", target.boundsMembersThatReadNothing},
		{"budget: a second client waits at most 100 ms", target.limitsWaits},
		{"budget: clients that never read hold no more memory than -max-memory", target.boundsMemory},
		{"budget: the kernel kills no server at the container's memory limit", survivesMemoryLimit},
		{"budget: a slow reader is served, and a client that never reads is cut off", servesSlowReaders},
		{"budget: an unfinished message ends the connection in time", limitsUnfinished},
		{"budget: a file that is rewritten while it is sent ends in a reset", noticesRewritten},
		{"budget: a server that was stopped answers the requests in its sockets", answersAfterStop},
		{"budget: a health check gets a status however few descriptors are free", answersInEveryState},
	}
}

// processTime is the processor time that a process has used, the time of all its threads added up.
// The kernel has a clock for each process, which is exact to the nanosecond; /proc/PID/stat counts
// in hundredths of a second.
func processTime(pid int) time.Duration {
	const scheduler = 2 // CPUCLOCK_SCHED: what clock_getcpuclockid(3) puts into the last three bits
	var ts unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|scheduler), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// pids are the server's processes, the parent first.
func (p *Process) pids() []int {
	all := []int{p.Pid}
	for _, c := range p.Children() {
		all = append(all, c.Pid)
	}
	return all
}

// signalAll sends a signal to the server and its children, as a supervisor does that freezes a
// container.
func (p *Process) signalAll(s syscall.Signal) {
	for _, pid := range p.pids() {
		syscall.Kill(pid, s)
	}
}

// status adds up a size in /proc/PID/status over all processes of the server, in bytes.
func (p *Process) status(name string) (sum int) {
	line := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB$`)
	for _, pid := range p.pids() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if found := line.FindSubmatch(text); found != nil {
			n, _ := strconv.Atoi(string(found[1]))
			sum += n << 10
		}
	}
	return sum
}

// watchMemory notes the most anonymous memory that the server has, until peak is called.
func (p *Process) watchMemory() (peak func() int) {
	most, stop := 0, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			most = max(most, p.status("RssAnon"))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() int {
		close(stop)
		wg.Wait()
		return most
	}
}

// together runs do for each of n clients at the same time and fails the test if one of them fails.
func together(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("client %d of %d: %v", i+1, n, err)
		}
	}
}

// needDescriptors skips the test if this process can't open n descriptors.
func needDescriptors(t *testing.T, n uint64) {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if limit.Max < n {
		t.Skipf("the clients need %d descriptors, the limit is %d: raise ulimit -n", n, limit.Max)
	}
}

// needTrueMemory skips the test with -short, by which the race detector runs: its own memory would
// count.
func needTrueMemory(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("memory isn't measured with -short")
	}
}

// median returns the middle one of some durations, and the longest.
func median(all []time.Duration) (middle, longest time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2], all[len(all)-1]
}
