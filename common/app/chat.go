package app

import (
	"slices"
	"time"

	"threeloops/common/http1"
	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/ws"
)

const (
	// maxChatMessage is the maximum size of a client's message, in bytes of JSON. Its text is
	// shorter, so the text that the hub gets has fewer than hub.MaxText bytes.
	maxChatMessage = hub.MaxText
	// maxUnderway is how many messages of one member may be on their way to the hub and back.
	// The member isn't read from while it has that many. So the messages of a client that
	// floods the room stay in its socket.
	maxUnderway = 16
	// queueSlack is how many bytes more than one message may be queued for a member.
	queueSlack = 1 << 20

	// What the room's work costs, in units of session.Conn.Spend.
	messageWork     = 60     // to read a message, even an invalid one
	bytesParsed     = 8      // bytes of JSON that one unit reads
	memberWork      = 3      // to queue a message for a member
	bytesQueued     = 1 << 8 // bytes that cost one unit more for each member
	pollRequestWork = 50     // to ask the hub for a client without a WebSocket
)

var chatProtocols = []string{"chat"}

// guest is a client of /chat with a WebSocket.
type guest struct {
	conn          *session.Conn
	member        bool // a Welcome has arrived
	unconfirmed   int  // messages that haven't come back from the hub, and delayedErrors
	delayedErrors []delayedError
	index         int // its place in App.guestList
}

// delayedError is the error for an invalid message that a guest sent while earlier messages are on
// their way to the hub and back. It waits for these, so the responses keep the order of the
// messages, however long the hub takes.
type delayedError struct {
	ahead int // how many messages must come back first
	err   error
}

// chat opens a WebSocket in the room.
func (a *App) chat(c *session.Conn, r *http1.Request) {
	c.SetData(&guest{conn: c})
	if !c.Upgrade(r, chatProtocols, false) {
		c.SetData(nil) // the connection may open another WebSocket later
	}
}

// addGuest adds a guest after the handshake.
func (a *App) addGuest(g *guest) {
	g.conn.Costly()
	g.conn.LimitMessages(maxChatMessage)
	a.guests[g.conn.ID()] = g
	g.index = len(a.guestList)
	a.guestList = append(a.guestList, g)
}

func (a *App) chatMessage(g *guest, m session.Message) {
	if !m.Text {
		g.conn.Close(ws.UnsupportedData, "the chat accepts only JSON in text messages")
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

// queueError sends a guest the error for its message, in the order of its messages.
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

// post sends a guest's message to the hub. Each of these messages comes back, as an entry or as a
// Refused.
func (a *App) post(g *guest, m *hub.Message) {
	m.Conn = g.conn.ID()
	g.countSent()
	a.o.Bus.Post(g.conn.Now(), m)
}

// countSent and countConfirmed count the unconfirmed messages. A guest with maxUnderway of
// them is paused.
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

// confirmed counts a guest's message that has come back from the hub. It sends the errors that
// waited for it.
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

// SendOperatorText implements session.OperatorTextSender. All messages in the room are JSON.
func (a *App) SendOperatorText(c *session.Conn, text []byte) bool {
	if _, ok := c.Data().(*guest); ok {
		text = hub.AppendOperator(nil, text)
	}
	return c.Send(true, text)
}

// Deliver implements hub.Receiver.
func (a *App) Deliver(now time.Time, m *hub.Message) {
	sender := a.guests[m.From] // it gets its own message back
	if m.Conn != 0 && m.Conn != m.From {
		sender = nil
	}
	if m.Conn == 0 {
		a.broadcast(now, m)
	} else if g := a.guests[m.Conn]; g != nil {
		g.conn.SetNow(now)
		a.deliverToGuest(g, m)
		if m.Kind == hub.Refused {
			sender = g
		}
	} else if v := a.pollRequests[m.Conn]; v != nil {
		v.conn.SetNow(now)
		a.collectResponse(v, m)
	} // else the connection has ended
	if sender != nil {
		a.confirmed(sender)
	}
}

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
	for _, g := range slices.Backward(a.guestList) { // sendFrame may remove g
		if g.member {
			g.conn.SetNow(now)
			g.conn.Spend(work)
			a.sendFrame(g, r.frame)
		}
	}
}

// sendFrame sends a frame to a guest. A guest with too many unread bytes is removed from the room
// immediately. Its Close waits in the queue until the guest reads again.
func (a *App) sendFrame(g *guest, frame *session.Prepared) {
	if g.conn.SendPrepared(frame) && g.conn.Held() > a.o.MaxMessage+queueSlack {
		a.removeGuest(g)
		g.conn.Close(ws.TryAgainLater, "you read your messages too slowly")
	}
}

// removeGuest removes a guest from the room. Its connection may stay open.
func (a *App) removeGuest(g *guest) {
	if a.guests[g.conn.ID()] != g {
		return // it was removed already
	}
	delete(a.guests, g.conn.ID())
	last := len(a.guestList) - 1
	a.guestList[last].index = g.index
	a.guestList[g.index], a.guestList[last] = a.guestList[last], nil
	a.guestList = a.guestList[:last]
	if g.member || g.unconfirmed > 0 { // its Join may be on its way
		a.o.Bus.Post(g.conn.Now(), &hub.Message{Kind: hub.Leave, Conn: g.conn.ID()})
	}
}
