package hub_test

import (
	"fmt"
	"time"

	"threeloops/common/hub"
)

// printer is a place that prints what the Hub sends there.
type printer struct{}

func (printer) Deliver(_ time.Time, m *hub.Message) {
	fmt.Printf("#%d %q %q\n", m.Seq, m.Name, m.Text)
}

// Two connections of one loop chat with each other.
func Example() {
	bus := hub.NewLocal()
	bus.Attach(printer{})
	now := time.Unix(784111777, 0)
	bus.Post(now, &hub.Message{Kind: hub.Join, Conn: 1, Name: "Ann"})
	bus.Post(now, &hub.Message{Kind: hub.Join, Conn: 2, Name: "Bob"})
	bus.Post(now, &hub.Message{Kind: hub.Say, Conn: 2, Text: []byte("hello")})
	bus.Post(now, &hub.Message{Kind: hub.Leave, Conn: 1})
	// Output:
	// #0 "Ann" ""
	// #0 "" ""
	// #1 "Ann" ""
	// #1 "Bob" ""
	// #0 "" "\"Ann\""
	// #2 "Bob" ""
	// #3 "Bob" "hello"
	// #4 "Ann" ""
}
