package app

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/ws"
)

const (
	// maxChatMessage is the most bytes that a message of a client may have, as JSON. Its
	// text has fewer, so what the hub is sent stays below hub.MaxText.
	maxChatMessage = hub.MaxText
	// maxUnderway is how many messages of one member may be on their way to the
	// hub and back. More are not read, so a flood stays with who makes it.
	maxUnderway = 16
	// queueSlack is how much more than one message may wait for a member to read.
	queueSlack = 1 << 20

	// What the room costs, in units of session.Conn.Spend.
	messageWork     = 60     // to read a message, whatever becomes of it
	bytesParsed     = 8      // bytes of JSON that a unit reads
	memberWork      = 3      // to queue a message for a member
	bytesQueued     = 1 << 8 // bytes for which a member's share grows by a unit
	pollRequestWork = 50     // to ask the hub for a client without WebSocket
)

var chatProtocols = []string{"chat"}

// guest is a client of /chat with a WebSocket.
type guest struct {
	conn          *session.Conn
	member        bool // the hub has welcomed it
	unconfirmed   int  // how much it has said without having heard it back, or of it
	delayedErrors []delayedError
}

// delayedError is about something that a guest has sent behind what is on its way to
// the hub. So that the answers keep the order of what they answer, however far
// away the hub is, it waits.
type delayedError struct {
	ahead int // how much has to come back first
	err   error
}

// chat opens a WebSocket in the room.
func (a *App) chat(c *session.Conn, r *http1.Request) {
	c.SetData(&guest{conn: c})
	if !c.Upgrade(r, chatProtocols, false) {
		c.SetData(nil) // the connection may go on, and open another WebSocket
	}
}

// addGuest follows the handshake.
func (a *App) addGuest(g *guest) {
	g.conn.Costly()
	g.conn.LimitMessages(maxChatMessage)
	a.guests[g.conn.ID()] = g
}

// chatMessage takes what a guest sends.
func (a *App) chatMessage(g *guest, m session.Message) {
	if !m.Text {
		g.conn.Close(ws.UnsupportedData, "the chat speaks JSON in text messages")
		return
	}
	g.conn.Spend(messageWork + int(m.Len())/bytesParsed)
	s, err := parseSaid(m.Bytes())
	if err != nil {
		a.queueError(g, err)
		return
	}
	order, err := s.order(spoken[s.Type])
	if err != nil {
		a.queueError(g, err)
		return
	}
	a.post(g, &order)
}

// queueError tells a guest what is wrong with its message, in its turn.
func (a *App) queueError(g *guest, err error) {
	if ahead := g.unconfirmed - len(g.delayedErrors); ahead > 0 {
		g.delayedErrors = append(g.delayedErrors, delayedError{ahead, err})
		g.countSent()
		return
	}
	a.sendError(g, err)
}

func (a *App) sendError(g *guest, err error) {
	a.sendFrame(g, a.render(&hub.Message{Kind: hub.Refused, Text: []byte(err.Error())}).frame)
}

// post sends a guest's message to the hub. All of these come back: as an entry,
// or refused.
func (a *App) post(g *guest, m *hub.Message) {
	m.Conn = g.conn.ID()
	g.countSent()
	a.o.Bus.Post(g.conn.Now(), m)
}

// countSent and less count what is underway. The guest is paused while it is too much.
func (g *guest) countSent() {
	g.unconfirmed++
	if g.unconfirmed == maxUnderway {
		g.conn.Pause(true)
	}
}

func (g *guest) countConfirmed() {
	if g.unconfirmed == maxUnderway {
		g.conn.Pause(false)
	}
	g.unconfirmed--
}

// confirmed follows what answers a guest's message: the complaints behind it.
func (a *App) confirmed(g *guest) {
	g.countConfirmed()
	for i := range g.delayedErrors {
		g.delayedErrors[i].ahead--
	}
	for len(g.delayedErrors) > 0 && g.delayedErrors[0].ahead == 0 {
		err := g.delayedErrors[0].err
		g.delayedErrors = g.delayedErrors[1:]
		g.countConfirmed()
		a.sendError(g, err)
	}
}

// SendOperatorText implements session.OperatorTextSender. In the room all messages are JSON.
func (a *App) SendOperatorText(c *session.Conn, text []byte) bool {
	if _, ok := c.Data().(*guest); ok {
		text = hub.AppendOperator(nil, text)
	}
	return c.Send(true, text)
}

// Deliver implements hub.Receiver.
func (a *App) Deliver(now time.Time, m *hub.Message) {
	speaker := a.guests[m.From] // what it has said comes back
	if m.Conn != 0 && m.Conn != m.From {
		speaker = nil
	}
	if m.Conn == 0 {
		a.broadcast(now, m)
	} else if g := a.guests[m.Conn]; g != nil {
		g.conn.SetNow(now)
		a.deliverToGuest(g, m)
		if m.Kind == hub.Refused {
			speaker = g
		}
	} else if v := a.pollRequests[m.Conn]; v != nil {
		v.conn.SetNow(now)
		a.collectResponse(v, m)
	} // else it has gone meanwhile
	if speaker != nil {
		a.confirmed(speaker)
	}
}

// deliverToGuest takes what the hub sends to one guest alone.
func (a *App) deliverToGuest(g *guest, m *hub.Message) {
	if m.Kind == hub.Welcome {
		g.member = true
	}
	a.sendFrame(g, a.render(m).frame)
}

// broadcast sends an entry to every member with a WebSocket at this place.
func (a *App) broadcast(now time.Time, m *hub.Message) {
	r := a.render(m)
	work := memberWork + r.frame.Len()/bytesQueued
	for _, g := range a.guests {
		if g.member {
			g.conn.SetNow(now)
			g.conn.Spend(work)
			a.sendFrame(g, r.frame)
		}
	}
}

// sendFrame sends to a guest. One that has not read what was sent to it for too long
// leaves the room at once, and is closed when it reads on.
func (a *App) sendFrame(g *guest, frame *session.Prepared) {
	if g.conn.SendPrepared(frame) && g.conn.Held() > a.o.MaxMessage+queueSlack {
		a.removeGuest(g)
		g.conn.Close(ws.TryAgainLater, "you don't read what the others say")
	}
}

// removeGuest takes a guest out of the room, whose connection may last longer.
func (a *App) removeGuest(g *guest) {
	delete(a.guests, g.conn.ID())
	if g.member || g.unconfirmed > 0 { // it may have asked to join
		a.o.Bus.Post(g.conn.Now(), &hub.Message{Kind: hub.Leave, Conn: g.conn.ID()})
	}
}
