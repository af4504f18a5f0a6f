package processtest

import (
	"encoding/json"
	"testing"
)

// scoreboard is what /stats answers.
type scoreboard struct {
	Pid         int
	Connection  int
	Connections int
	Totals      Stats
	Slots       []map[string]any
}

func (c *client) scoreboard(t *testing.T) (b scoreboard) {
	t.Helper()
	r, err := c.get("/stats")
	must(t, err)
	must(t, json.Unmarshal(r.body, &b))
	return b
}

// listsProcessesAndPhases compares the slots of /stats with what two clients know, and
// with the totals.
func (target Target) listsProcessesAndPhases(t *testing.T) {
	const size = 200 << 10
	p := Launch(t)
	h := idleClient(t, p.Addr)
	for range 2 {
		c := openWebSocket(t, p.Addr)
		must(t, c.echo(make([]byte, size)))
		must(t, c.leave())
	}
	w := openWebSocket(t, p.Addr)
	must(t, w.echo([]byte("hello")))
	eventually(t, func() error { return equal("connections", h.scoreboard(t).Connections, 2) })

	b := h.scoreboard(t)
	must(t, equal("connections", b.Totals.Open(), 2))
	must(t, equal("messages", b.Totals["messages_in"], 3))
	if most := b.Totals["queue_most"]; most < size || most >= 2*size {
		t.Errorf("most that waited for one client: got %d, want what two have had one after the other: %d", most, size)
	}
	for _, name := range []string{"accepted", "closed", "upgrades", "messages_in", "messages_out"} {
		sum := 0
		for _, s := range b.Slots {
			sum += int(s[name].(float64))
		}
		must(t, equal(name+" of all slots", sum, b.Totals[name]))
	}
	phases := map[string]string{} // by peer
	for _, s := range b.Slots {
		if s["connection"] == nil {
			must(t, equal("process of a slot for all", int(s["pid"].(float64)), p.Pid))
			continue
		}
		phases[s["peer"].(string)] = s["phase"].(string)
		must(t, equal("it is a child's", p.isChild(int(s["pid"].(float64))), true))
		own := int(s["connection"].(float64)) == b.Connection
		must(t, equal("pid of the slot that answers", own, int(s["pid"].(float64)) == b.Pid))
	}
	if target.Name != "forkserv" {
		must(t, equal("slots of one connection", len(phases), 0))
		return
	}
	must(t, equal("slots of one connection", len(phases), 2))
	must(t, equal("phase of the client that asks", phases[h.LocalAddr().String()], "reply"))
	must(t, equal("phase of a WebSocket", phases[w.LocalAddr().String()], "open"))
}
