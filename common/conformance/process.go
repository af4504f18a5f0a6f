package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Processes tests what only a running server can show: descriptors, memory,
// signals, files, and clients that do not behave. Each test starts a server of
// its own; target must be of Exec. If there are beginnings, only tests are run
// whose titles begin so.
func Processes(t *testing.T, target Target, beginnings ...string) {
	if len(target.Flags) > 0 {
		t.Setenv(flagsVariable, strings.Join(target.Flags, " "))
	}
	for _, p := range append(processes(target), target.childProcesses()...) {
		wanted := func(beginning string) bool { return strings.HasPrefix(p.title, beginning) }
		if len(beginnings) == 0 || slices.ContainsFunc(beginnings, wanted) {
			t.Run(p.title, p.test)
		}
	}
}

// process is a test of a running server.
type process struct {
	title string
	test  func(t *testing.T)
}

func processes(target Target) []process {
	return slices.Concat(endings(), []process{
		{"a thousand clients leave nothing behind", leavesNothing},
		{"without descriptors clients are turned away", survivesShortage},
		{"at the limit clients wait in the backlog", waitsAtLimit},
		{"a wait that fails for want of memory is tried again", survivesFailedWaits},
		{"only regular files below the root are served", staysBelowRoot},
		{"a small file leaves in one segment with its head", sendsOneSegment},
		{"a file truncated while it is sent ends the connection", breaksTruncated},
		{"a file that grows while it is sent is what was promised", keepsPromise},
		{"a file replaced while it is sent is the old one", sendsOldFile},
		{"a replaced file is noticed", noticesReplaced},
		{"a replaced file is noticed, be it as long and as old", noticesTwin},
		{"an empty file is whole", servesEmptyFile},
		{"ranges of a file", sendsRanges},
		{"a compressed sibling is preferred by who accepts it", prefersCompressed},
		{"dates in all three forms", knowsDates},
		{"a bad command line is one line and status 2", target.refusesFlags},
		{"a busy port is one line and status 1", target.refusesBusyPort},
		{"SIGTERM under load loses no request", finishesUnderLoad},
		{"SIGTERM does not lose the backlog", finishesBacklog},
		{"the end of the lifeline is like SIGTERM", followsLifeline},
		{"the grace time cuts off who does not leave", cutsOffAfterGrace},
		{"a second signal ends at once", obeysSecondSignal},
		{"a slow reader harms nobody", bearsSlowReader},
		{"who never reads is bounded", boundsQueue},
		{"a reset is survived in every phase", survivesResets},
		{"a half-closed client is answered", answersHalfClosed},
		{"who dawdles is cut off", cutsOffDawdlers},
		{"two system calls per message", target.countsCalls},
		{"large, endless and crooked messages", takesLargeMessages},
		{"text is judged by its characters, whole or in fragments", judgesText},
		{"messages of all sizes, fragments and chops", echoesSizes},
		{"compressed messages of all sizes, under all offers", echoesCompressed},
		{"a refusal reaches who is still sending", refusesLargeBody},
		{"five hundred pipelined requests", answersPipelined},
		{"IPv6, and three ports", listensElsewhere},
		{"the scoreboard tells who is where", target.tellsWhoIsWhere},
		{"an operator sees, tells and closes clients", func(t *testing.T) { obeysOperator(t) }},
		{"quit and exit shut down", obeysQuit},
		{"the end of the operator's input is not the server's", outlivesInput},
		{"an operator of IPv6 clients", knowsIPv6},
		{"a terminal of somebody else's stops no server", survivesBackground},
		{"lists are read anew at SIGHUP", rereadsLists},
		{"clients of the old conventions are answered in theirs", speaksOldConventions},
		{"a crash takes along who shares the process", target.crashesAlone},
		{"without -demo nobody can ask for a crash", refusesToCrash},
		{"garbage ends in a status, a Close or a close", survivesGarbage},
	}, roomProcesses(target), target.budgets(), kindProcesses(target), target.rootProcesses())
}

// patience is how long a condition may take to come true on a busy machine.
const patience = 20 * time.Second

// eventually waits until condition returns nil, and fails with its last error
// when it does not within patience.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = condition(); err == nil {
			return
		}
	}
	t.Fatalf("%v, even after %v", err, patience)
}

// must fails the test at once if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal is an error unless got is want.
func equal[V comparable](what string, got, want V) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
