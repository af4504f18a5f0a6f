package processtest

import (
	"slices"
	"strconv"
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
		"a second signal", "a thousand clients", "the queue of a client", "a server without free descriptors",
		"a server with too few descriptors", "a rebuilt root", "where unshare(2)", "files named by an inherited descriptor")
}

// loops is how many loops the server has, each with a descriptor table of its own.
func (target Target) loops() int {
	for _, f := range target.Flags {
		if text, ok := strings.CutPrefix(f, "-loops="); ok {
			n, _ := strconv.Atoi(text) // of this file
			return n
		}
	}
	return 1
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
		{"a thousand clients come and go, and the server has released everything", releasesEverything},
		{"a server without free descriptors rejects clients with 503", target.rejectsWithoutDescriptors},
		{"at a limit new clients wait in the backlog", waitsAtLimit},
		{"a wait that fails with ENOMEM is repeated", survivesFailedWaits},
		{"only regular files below the root are served", staysBelowRoot},
		{"a small file and its header leave in one segment", sendsOneSegment},
		{"a file that is truncated while it is sent ends the connection", resetsTruncatedFile},
		{"a file that grows while it is sent is sent with the announced length", sendsPromisedLength},
		{"a file that is replaced while it is sent is sent in its old version", sendsOldFile},
		{"a replaced file gets a new validator", noticesReplaced},
		{"a replaced file of the same size and time gets a new validator", noticesReplacementOfSameSizeAndTime},
		{"a range of an empty file is ignored", servesEmptyFile},
		{"ranges of a file are sent", sendsRanges},
		{"a compressed sibling is sent to a client that accepts it", sendsCompressedSibling},
		{"conditions understand dates in all three forms", readsAllDateForms},
		{"a bad command line ends the server with one line and status 2", target.refusesFlags},
		{"a busy port ends the server with one line and status 1", target.refusesBusyPort},
		{"SIGTERM under load loses no request", target.finishesRequestsAtSIGTERM},
		{"SIGTERM loses no client in the backlog", servesBacklogAtSIGTERM},
		{"the end of the lifeline shuts the server down", shutsDownAtLifelineEnd},
		{"after the grace time the server cuts connections off", cutsOffAtGraceEnd},
		{"a second signal ends the server immediately", endsAtSecondSignal},
		{"slow clients delay no other client", servesOthersBesideSlowReaders},
		{"the queue of a client that never reads is bounded", boundsQueue},
		{"resets in every phase harm no other client", survivesResets},
		{"a half-closed client gets its answers", answersHalfClosed},
		{"slow clients that exceed a timeout are cut off", cutsOffSlowClients},
		{"a message costs two system calls", target.countsCalls},
		{"large messages are echoed, and too large or malformed ones rejected", takesLargeMessages},
		{"text must be UTF-8, whole or in fragments", checksUTF8},
		{"messages of all sizes come back, in fragments and pieces too", echoesSizes},
		{"compressed messages of all sizes come back, under all offers", echoesCompressed},
		{"an error response reaches a client that is still sending", refusesLargeBody},
		{"five hundred pipelined requests are answered in order", answersPipelined},
		{"a server listens on IPv6, and on three ports", listensElsewhere},
		{"the scoreboard lists processes, connections and phases", target.listsProcessesAndPhases},
		{"an operator lists, messages and closes clients", func(t *testing.T) { runsOperatorCommands(t) }},
		{"quit and exit shut down", shutsDownAtQuit},
		{"the end of the operator's input doesn't end the server", servesAfterInputEnds},
		{"an operator names IPv6 clients by their addresses", listsIPv6Clients},
		{"a server in the background isn't stopped by its terminal", runsInBackground},
		{"SIGHUP makes the server read its lists again", rereadsLists},
		{"clients of the old protocol versions are answered in theirs", speaksOldConventions},
		{"a crash ends all connections of its process, and no others", target.crashesOneProcess},
		{"without -demo no client can crash the server", refusesToCrash},
		{"garbage is answered with complete responses and frames", survivesGarbage},
	}, roomProcesses(target), target.budgets(), kindProcesses(target), target.rootProcesses())
}
