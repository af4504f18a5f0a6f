package hub_test

import (
	"fmt"
	"testing"

	"threeloops/common/hub"
)

// busy returns a room with 100 members at 4 places, and a polling member with token.
func busy(token hub.Token) (h *hub.Hub, polling *hub.Message) {
	h = hub.New(func(int, *hub.Message) {})
	for i := range 100 {
		h.Handle(start, i%4, &hub.Message{Kind: hub.Join, Conn: uint64(1 + i), Name: fmt.Sprint("member ", i)})
	}
	h.Handle(start, 0, &hub.Message{Kind: hub.Enter, Conn: 200, Name: "Pol", Token: token})
	return h, &hub.Message{Conn: 201, Token: token}
}

// turns are what members of a busy room do again and again.
var turns = []struct {
	title     string
	allocated float64 // the most allocations that one turn may make
	do        func(h *hub.Hub, polling *hub.Message)
}{
	{"say", 2, func(h *hub.Hub, _ *hub.Message) { h.Handle(start, 0, &sayHello) }},
	{"whisper", 2, func(h *hub.Hub, _ *hub.Message) { h.Handle(start, 0, &whisperHello) }},
	{"poll and say", 3, func(h *hub.Hub, m *hub.Message) {
		m.Kind, m.Seq = hub.Poll, 1<<60
		h.Handle(start, 1, m)
		h.Handle(start, 0, &sayHello)
	}},
	{"poll and stop", 1, func(h *hub.Hub, m *hub.Message) {
		m.Kind, m.Seq = hub.Poll, 1<<60
		h.Handle(start, 1, m)
		m.Kind = hub.Stop
		h.Handle(start, 1, m)
	}},
}

var (
	sayHello     = say(1, "", "hello, everybody")
	whisperHello = say(1, "member 6", "hello, you")
)

func BenchmarkHub(b *testing.B) {
	for _, turn := range turns {
		b.Run(turn.title, func(b *testing.B) {
			h, polling := busy(hub.Token{1})
			b.ReportAllocs()
			for b.Loop() {
				turn.do(h, polling)
			}
		})
	}
}
