package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// watched is an application that reads the phase from the slot while it handles a request.
type watched struct {
	*testApp
	slot *stat.Slot
	seen string
}

func (a *watched) Request(c *session.Conn, r *http1.Request, body []byte) {
	a.seen = session.PhaseName(a.slot.Get(stat.Phase))
	a.testApp.Request(c, r, body)
}

func TestAloneSessionWritesItsPhaseToItsSlot(t *testing.T) {
	d, slot := newDriver(nil), new(stat.Slot)
	app := &watched{testApp: new(testApp), slot: slot}
	cfg := &session.Config{App: app, Stat: slot, Alone: true}
	tracetest.Configure(cfg, nil)
	d.s = session.New(cfg, 1, tracetest.Birth, nil)
	noted := func() string { return session.PhaseName(slot.Get(stat.Phase)) }

	got := []string{noted()}
	for _, what := range []string{`"GET / HT"`, `"TP/1.1\r\nHost: a\r\n\r\n"`, "handshake /ws", "text pattern 64", "close 1000"} {
		d.exchange(tracetest.FromPeer(what))
		if got = append(got, noted()); noted() != d.s.Phase() {
			t.Errorf("after %s the slot has phase %q, want %q", what, noted(), d.s.Phase())
		}
	}
	if diff := cmp.Diff([]string{"fresh", "head", "idle", "open", "open", "linger"}, got); diff != "" {
		t.Errorf("the phases (-want +got):\n%s", diff)
	}
	if app.seen != "reply" {
		t.Errorf("during App.Request the slot has phase %q, want %q", app.seen, "reply")
	}
}

func TestASessionAmongOthersWritesNoPhase(t *testing.T) {
	slot := new(stat.Slot)
	cfg := &session.Config{App: new(testApp), Stat: slot}
	tracetest.Configure(cfg, nil)
	d := newDriver(nil)
	d.s = session.New(cfg, 1, tracetest.Birth, nil)
	d.exchange(tracetest.FromPeer("handshake /ws"))
	if n := slot.Get(stat.Phase); n != 0 {
		t.Errorf("the slot has phase %d, want none", n)
	}
}

// The slot may be in memory that other processes write to, so it may have any number.
func TestAnUnknownPhaseNumberHasAName(t *testing.T) {
	names := session.PhaseNames()
	for _, n := range []uint64{uint64(len(names)), 1 << 63} {
		if got := session.PhaseName(n); got != "?" {
			t.Errorf("phase %d has the name %q, want a question mark", n, got)
		}
	}
}

func TestQueueMostIsTheLargestQueue(t *testing.T) {
	slot := new(stat.Slot)
	cfg := &session.Config{App: new(testApp), Stat: slot}
	tracetest.Configure(cfg, nil)
	d := newDriver(nil)
	d.s = session.New(cfg, 1, tracetest.Birth, nil)
	d.exchange(tracetest.FromPeer("handshake /ws"))
	slot.Set(stat.QueueMost, 0)
	for _, step := range []struct {
		message string
		most    uint64
	}{{"text pattern 64", 66}, {"text pattern 8", 66}, {"text pattern 1000", 1004}} {
		d.exchange(tracetest.FromPeer(step.message))
		if n := slot.Get(stat.QueueMost); n != step.most {
			t.Errorf("after %s QueueMost is %d, want %d", step.message, n, step.most)
		}
	}
}

func TestOperatorTextIsSentInOpenPhasesOnly(t *testing.T) {
	var got []string
	for n, name := range session.PhaseNames() {
		if session.PhaseSendsText(uint64(n)) {
			got = append(got, name)
		}
	}
	if diff := cmp.Diff([]string{"open", "pinged"}, got); diff != "" {
		t.Errorf("phases in which a session can send text (-want +got):\n%s", diff)
	}
}
