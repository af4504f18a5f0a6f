package inspect

import (
	"strings"
	"testing"
	"time"
)

// FuzzInspect looks for texts at which Inspect fails, or says something else for other cuts.
func FuzzInspect(f *testing.F) {
	for _, g := range Examples() {
		for _, e := range g.Examples {
			if e.Name != "binary-64k" {
				f.Add(e.Request.Form, e.Request.Text, e.Request.Direction == "server", e.Request.Protocol == "http", uint8(len(e.Request.Deflate)), 5, 9, true)
			}
		}
	}
	f.Add("trace", "with -legacy\nopen /echo\n> part text e6 b0\n> ping ff\nwait 70s\n> cont b4\n> fin\n", false, true, uint8(0), 150, 160, false)
	f.Fuzz(func(t *testing.T, form, text string, server, http bool, deflate uint8, one, two int, fin bool) {
		r := Request{Form: form, Text: text, Direction: "client", Protocol: "websocket", Deflate: []string{"off", "on", "takeover"}[deflate%3], Fin: fin}
		if server {
			r.Direction = "server"
		}
		if http {
			r.Protocol = "http"
		}
		if form == "trace" && (strings.Contains(text, "{") || strings.Contains(text, "stall") || strings.Contains(text, "wait")) {
			return // a field of a response would stand in braces, and time passes slowly
		}
		slow := time.AfterFunc(20*time.Second, func() { panic("the page hangs: " + text) })
		defer slow.Stop()
		r.Cuts = []int{}
		whole := Inspect(r)
		if strings.Contains(whole.Error, "bug") {
			t.Fatal(whole.Error)
		}
		if whole.Error != "" {
			return
		}
		r.Cuts = []int{one, two}
		cut := Inspect(r)
		if got, want := strings.Join(joined(cut), "\n"), strings.Join(joined(whole), "\n"); got != want || cut.Wrong != whole.Wrong {
			t.Fatalf("cut at %d and %d: want %d and the events\n%s\ngot %d and\n%s", one, two, whole.Wrong, want, cut.Wrong, got)
		}
	})
}
