package spacetime

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/tester"
)

func laneNames(d *Diagram) (all []string) {
	for _, l := range d.Lanes {
		all = append(all, l.Name)
	}
	return all
}

// Clients that come one after the other share a lane, and each event says whose it is.
func TestClientsThatComeOneAfterTheOtherShareALane(t *testing.T) {
	var acts []tester.Act
	for i := range 12 {
		at := float64(i + 1)
		acts = append(acts, did(uint16(5001+i), at, tester.Connect, "", nil), did(uint16(5001+i), at+0.5, tester.Close, "", nil))
	}
	d := Draw(logOf(acts...), nil, nil, Longest)
	if got := laneNames(d); !slices.Equal(got, []string{"clients 1–12"}) {
		t.Errorf("the lanes are %q", got)
	}
	if got := d.Events[2].Args; got != "client 2: from port 5002" {
		t.Errorf("an event of the second client has the arguments %q", got)
	}
}

// A client that stays, and a client that is stuck, keep their lanes.
func TestClientsThatStayHaveTheirOwnLanes(t *testing.T) {
	var acts []tester.Act
	for i := range 30 {
		acts = append(acts, did(uint16(5001+i), float64(i+1), tester.Connect, "", nil))
	}
	d := Draw(logOf(acts...), nil, nil, Longest)
	if got := laneNames(d); !slices.Equal(got, []string{"client 1", "client 2", "client 3", "clients 4–30"}) {
		t.Errorf("the lanes are %q", got)
	}
	acts = append(acts[:2:2], did(5001, 3, tester.Close, "", nil), did(5003, 4, tester.Connect, "", nil))
	if got := laneNames(Draw(logOf(acts...), nil, nil, Longest)); !slices.Equal(got, []string{"clients 1, 3", "client 2"}) {
		t.Errorf("the lanes are %q", got)
	}
}

// busy writes n iterations of a loop that never sleeps.
func busy(n int) string {
	var b strings.Builder
	b.WriteString("7 1000.000000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0\n")
	for i := range n {
		fmt.Fprintf(&b, "7 %.6f epoll_wait(5, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, -1) = 1\n", 1000+float64(3*i+1)/1000)
		fmt.Fprintf(&b, "7 %.6f accept4(3, NULL, NULL, 0) = -1 EMFILE (Too many open files)\n", 1000+float64(3*i+2)/1000)
		fmt.Fprintf(&b, "7 %.6f write(2</log>, \"failure number %d\\n\", 20) = 20\n", 1000+float64(3*i+3)/1000, i)
	}
	return b.String()
}

func TestALoopThatRepeatsItselfIsFolded(t *testing.T) {
	d := Draw(logOf(), [][]strace.Record{records(t, busy(100))}, nil, Longest)
	expect(t, d, `
0s server: listen(3, 9) = 0
1ms server: epoll_wait(5, [? EPOLLIN], -1) = 1
2ms server: accept4(3) = EMFILE
3ms server: write(2, "failure number 0\n", 20) = 20
4ms server: epoll_wait(5, [? EPOLLIN], -1) = 1
5ms server: accept4(3) = EMFILE
6ms server: write(2, "failure number 1\n", 20) = 20
7ms server: the same again, 98 times in 293ms
`)
	if d.Folded != 293 {
		t.Errorf("%d events are folded, want 293", d.Folded)
	}
}

// Three repetitions aren't yet a loop, and calls that move bytes are progress.
func TestWhatIsNoLoopIsNotFolded(t *testing.T) {
	d := Draw(logOf(), [][]strace.Record{records(t, busy(3))}, nil, Longest)
	if len(d.Events) != 10 {
		t.Errorf("three repetitions of three calls become %d events", len(d.Events))
	}
	var acts []tester.Act
	for i := range 20 {
		acts = append(acts, did(5001, float64(i), tester.Write, "x", nil))
	}
	if d := Draw(logOf(acts...), nil, nil, Longest); len(d.Events) != 20 {
		t.Errorf("20 writes become %d events", len(d.Events))
	}
}

// Bytes that were written before or in the gap must not be connected with reads after it.
func TestAGapKeepsTheArrowsRight(t *testing.T) {
	var acts []tester.Act
	var text strings.Builder
	text.WriteString("7 1000.000000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0\n")
	for i := range 100 {
		at := float64(i + 1)
		acts = append(acts, did(5001, at, tester.Write, "abcd", nil))
		if i > 0 { // the server reads with a delay: the bytes of the write before
			fmt.Fprintf(&text, "7 %.6f read(4<%s>, \"abcd\", 4) = 4\n", 1000+at+0.5, conn)
		}
	}
	acts = append(acts, did(0, 0.5, tester.Stop, "", nil)) // another event that isn't a client's
	d := Draw(logOf(acts...), [][]strace.Record{records(t, text.String())}, nil, 82)
	if got := laneNames(d); len(d.Events) != 82 || !slices.Equal(got, []string{"client 1", "kernel", "server"}) {
		t.Fatalf("there are %d events, want 82; the lanes are %q", len(d.Events), got)
	}
	gap := slices.IndexFunc(d.Events, func(e Event) bool { return strings.Contains(e.Action, "left out") })
	if gap != 10 || d.Events[gap].Action != "120 events are left out here" {
		t.Errorf("the gap is event %d: %q", gap, d.Events[gap].Action)
	}
	sent, got := map[int]time.Duration{}, 0
	for _, e := range d.Events[gap+1:] {
		switch {
		case e.Call == "write":
			sent[e.File] = e.at.Sub(second(0))
			if e.File == 1 {
				t.Error("the connection has the same number before and after the gap")
			}
		case e.File == 0:
			if got > 0 {
				t.Error("a read without a connection follows one with a connection")
			}
		case e.Call == "read":
			got++
			if _, ok := sent[d.Pairs[e.File]]; !ok {
				t.Errorf("a read of file %d, whose peer is %d, but the writes are of %v", e.File, d.Pairs[e.File], sent)
			}
		}
	}
	if got == 0 || len(sent) != 1 {
		t.Errorf("after the gap there are %d reads of %d connections", got, len(sent))
	}
}

// A check with more acts than a log keeps: those that are lost are counted as events that aren't drawn.
func TestLostActsAreCounted(t *testing.T) {
	l := &Log{}
	for i := range keptActs + 3 {
		l.Add(did(5001, float64(i), tester.Write, "x", nil))
	}
	l.Add(did(0, keptActs+9, tester.Judge, "", nil))
	if d := Draw(l, nil, nil, keptActs); d.Folded != 3 || len(d.Events) != keptActs {
		t.Errorf("%d events are drawn, and %d aren't; want %d and 3", len(d.Events), d.Folded, keptActs)
	}
}
