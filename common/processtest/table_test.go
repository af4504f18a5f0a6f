package processtest

import (
	"slices"
	"strings"
	"testing"
)

// Target is a server as it is tested.
type Target struct {
	Name  string   // of the program
	Flags []string // that each server is started with
}

// targets are the servers by the names of their tests.
var targets = map[string]Target{
	"TestForkserv":            {"forkserv", nil},
	"TestForkservPreforking":  {"forkserv", []string{"-prefork=2"}},
	"TestPollserv":            {"pollserv", nil},
	"TestEpollserv":           {"epollserv", nil},
	"TestEpollservThreeLoops": {"epollserv", []string{"-loops=3"}},
}

func TestForkserv(t *testing.T)           { testProcesses(t) }
func TestForkservPreforking(t *testing.T) { testProcesses(t, "a room") }
func TestPollserv(t *testing.T)           { testProcesses(t) }
func TestEpollserv(t *testing.T)          { testProcesses(t) }
func TestEpollservThreeLoops(t *testing.T) {
	testProcesses(t, "a room", "an operator", "quit", "the end of", "the scoreboard", "SIGTERM", "after the grace time",
		"a second signal", "a thousand clients", "the queue of a client")
}

// testProcesses runs the tests of a server, or those whose titles begin so. Servers are
// tested in parallel, because most tests wait most of the time.
func testProcesses(t *testing.T, beginnings ...string) {
	t.Parallel()
	target := targets[t.Name()]
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
	return slices.Concat(logProcesses(), []process{
		{"a thousand clients leave nothing behind", releasesEverything},
		{"without descriptors clients are turned away", rejectsWithoutDescriptors},
		{"at the limit clients wait in the backlog", waitsAtLimit},
		{"a wait that fails for want of memory is tried again", survivesFailedWaits},
		{"only regular files below the root are served", staysBelowRoot},
		{"a small file leaves in one segment with its head", sendsOneSegment},
		{"a file truncated while it is sent ends the connection", resetsTruncatedFile},
		{"a file that grows while it is sent is what was promised", sendsPromisedLength},
		{"a file replaced while it is sent is the old one", sendsOldFile},
		{"a replaced file is noticed", noticesReplaced},
		{"a replaced file is noticed, be it as long and as old", noticesReplacementOfSameSizeAndTime},
		{"an empty file is whole", servesEmptyFile},
		{"ranges of a file", sendsRanges},
		{"a compressed sibling is sent to a client that accepts it", sendsCompressedSibling},
		{"dates in all three forms", readsAllDateForms},
		{"a bad command line is one line and status 2", target.refusesFlags},
		{"a busy port is one line and status 1", target.refusesBusyPort},
		{"SIGTERM under load loses no request", finishesRequestsAtSIGTERM},
		{"SIGTERM does not lose the backlog", servesBacklogAtSIGTERM},
		{"the end of the lifeline is like SIGTERM", shutsDownAtLifelineEnd},
		{"after the grace time connections are cut off", cutsOffAtGraceEnd},
		{"a second signal ends the server immediately", endsAtSecondSignal},
		{"a slow client delays no other", servesOthersBesideSlowReaders},
		{"the queue of a client that never reads is bounded", boundsQueue},
		{"a reset is survived in every phase", survivesResets},
		{"a half-closed client is answered", answersHalfClosed},
		{"a client that is too slow is cut off", cutsOffSlowClients},
		{"two system calls per message", target.countsCalls},
		{"large, endless and malformed messages", takesLargeMessages},
		{"text is judged by its characters, whole or in fragments", checksUTF8},
		{"messages of all sizes, fragments and chops", echoesSizes},
		{"compressed messages of all sizes, under all offers", echoesCompressed},
		{"a refusal reaches a client that is still sending", refusesLargeBody},
		{"five hundred pipelined requests", answersPipelined},
		{"IPv6, and three ports", listensElsewhere},
		{"the scoreboard lists processes, connections and phases", target.listsProcessesAndPhases},
		{"an operator lists, messages and closes clients", func(t *testing.T) { runsOperatorCommands(t) }},
		{"quit and exit shut down", shutsDownAtQuit},
		{"the end of the operator's input is not the server's", servesAfterInputEnds},
		{"an operator of IPv6 clients", listsIPv6Clients},
		{"a server in the background isn't stopped by its terminal", runsInBackground},
		{"lists are read again at SIGHUP", rereadsLists},
		{"clients of the old conventions are answered in theirs", speaksOldConventions},
		{"a crash ends the clients that share the process", target.crashesOneProcess},
		{"without -demo nobody can ask for a crash", refusesToCrash},
		{"garbage ends in a status, a Close or a close", survivesGarbage},
	}, roomProcesses(target), target.budgets(), kindProcesses(target), target.rootProcesses())
}
