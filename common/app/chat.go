package app

import (
	"encoding/json"
	"strings"
	"time"

	"threeloops/common/http1"
	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/ws"
)

const (
	// chatMax is the most bytes that a message of the chat may have, as JSON.
	chatMax = hub.MaxText
	// chatUnderway is how many messages of one member may be on their way to the
	// hub and back. More are not read, so a flood stays with who makes it.
	chatUnderway = 16
	// chatSlack is how much more than one message may wait for a member to read.
	chatSlack = 1 << 20
)

var chatProtocols = []string{"chat"}

// guest is a client of /chat with a WebSocket.
type guest struct {
	member   bool // the hub has welcomed it
	underway int  // how much it has said without having heard it back
}

// said is what a client of the chat sends.
type said struct {
	Type string `json:"type"`
	Name string `json:"name"`
	To   string `json:"to"`
	Text string `json:"text"`
}

// heard is what the chat sends.
type heard struct {
	Type    string   `json:"type"`
	Seq     uint64   `json:"seq,omitempty"`
	At      int64    `json:"at,omitempty"`
	Name    string   `json:"name,omitempty"`
	To      string   `json:"to,omitempty"`
	Text    string   `json:"text,omitempty"`
	Members []string `json:"members,omitempty"`
}

var heardTypes = map[hub.Kind]string{
	hub.Welcome: "welcome", hub.Present: "members", hub.Joined: "joined", hub.Left: "left",
	hub.Said: "said", hub.Missed: "missed", hub.Refused: "error",
}

// chat opens a WebSocket in the room.
func (a *App) chat(c *session.Conn, r *http1.Request) {
	c.SetData(&guest{})
	c.Upgrade(r, chatProtocols, false)
}

// enterChat follows the handshake.
func (a *App) enterChat(c *session.Conn) {
	c.LimitMessages(chatMax)
	a.chatting[c.ID()] = c
}

// chatMessage takes what a guest sends.
func (a *App) chatMessage(c *session.Conn, g *guest, m session.Message) {
	if !m.Text {
		c.Close(ws.UnsupportedData, "the chat speaks JSON in text messages")
		return
	}
	var s said
	if err := json.Unmarshal(m.Bytes(), &s); err != nil {
		complain(c, "that is no JSON object of strings: "+err.Error())
		return
	}
	switch {
	case s.Type == "join":
		a.post(c, g, &hub.Message{Kind: hub.Join, Name: s.Name})
	case s.Type == "say" && s.Text == "":
		complain(c, "there is no text to say")
	case s.Type == "say":
		a.post(c, g, &hub.Message{Kind: hub.Say, To: s.To, Text: []byte(s.Text)})
	default:
		complain(c, `type must be "join" or "say"`)
	}
}

func complain(c *session.Conn, reason string) { tell(c, &heard{Type: "error", Text: reason}) }

func tell(c *session.Conn, h *heard) { c.Send(true, h.json()) }

func (h *heard) json() []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and numbers: it can't fail
	}
	return b
}

// post sends a guest's message to the hub. The guest is paused while too many
// have not come back, which all do: as an entry, or refused.
func (a *App) post(c *session.Conn, g *guest, m *hub.Message) {
	m.Conn = c.ID()
	g.underway++
	if g.underway == chatUnderway {
		c.Pause(true)
	}
	a.o.Bus.Post(c.Now(), m)
}

// Deliver implements hub.Receiver.
func (a *App) Deliver(_ time.Time, m *hub.Message) {
	if c := a.chatting[m.From]; c != nil && m.Kind != hub.Left && (m.Conn == 0 || m.Conn == m.From) {
		a.cameBack(c)
	}
	if m.Conn == 0 {
		a.broadcast(m)
		return
	}
	c := a.chatting[m.Conn]
	if c == nil {
		return // it has gone meanwhile
	}
	g := c.Data().(*guest)
	switch m.Kind {
	case hub.Welcome:
		g.member = true
	case hub.Refused:
		a.cameBack(c)
	}
	tell(c, toHeard(m))
}

func (a *App) cameBack(c *session.Conn) {
	g := c.Data().(*guest)
	if g.underway == chatUnderway {
		c.Pause(false)
	}
	g.underway--
}

// broadcast sends an entry to every member at this place.
func (a *App) broadcast(m *hub.Message) {
	runs := [][]byte{toHeard(m).json()}
	for _, c := range a.chatting {
		if c.Data().(*guest).member && c.SendRuns(true, runs) && c.Queued() > a.o.MaxMessage+chatSlack {
			c.Close(ws.TryAgainLater, "you don't read what the others say")
			a.leaveChat(c)
		}
	}
}

// leaveChat takes a guest out of the room, whose connection may last longer.
func (a *App) leaveChat(c *session.Conn) {
	delete(a.chatting, c.ID())
	if c.Data().(*guest).member {
		a.o.Bus.Post(c.Now(), &hub.Message{Kind: hub.Leave, Conn: c.ID()})
	}
}

func toHeard(m *hub.Message) *heard {
	h := &heard{Type: heardTypes[m.Kind], Seq: m.Seq, At: m.At, Name: m.Name, To: m.To}
	if m.Kind == hub.Present {
		h.Members = strings.FieldsFunc(string(m.Text), func(r rune) bool { return r == '\n' })
		return h
	}
	h.Text = string(m.Text)
	return h
}
