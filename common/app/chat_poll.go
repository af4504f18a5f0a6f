package app

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"threeloops/common/http1"
	"threeloops/common/hub"
	"threeloops/common/session"
)

// pollWait is how long a poll waits for an entry before it gets an empty response. Proxies and
// browsers abort a request that takes much longer.
const pollWait = 25 * time.Second

const postOnly = "POST, OPTIONS"

// shareMin is the smallest message, in bytes, that a response refers to. A shorter one is copied,
// because the copy takes less memory.
const shareMin = 4 << 10

// pollRequest is a request of a client without a WebSocket that waits for the hub.
type pollRequest struct {
	conn  *session.Conn
	kind  hub.Kind
	token hub.Token // the Token for a new member

	// The messages from the hub so far, as the elements of a JSON array. Most are copied to
	// text. parts has the others, each after the part of text that precedes it.
	text  []byte
	parts []session.Part
	done  int // text[:done] is in parts
}

// serveChatRequest serves a request to one of the routes below /chat.
func (a *App) serveChatRequest(c *session.Conn, r *http1.Request, path string, body []byte) {
	if !c.MayWork() {
		c.Postpone()
		return
	}
	c.Spend(pollRequestWork + len(body)/bytesParsed)
	var m hub.Message
	var err error
	if path == "/chat/poll" {
		if !a.method(c, r, getOnly) || !a.originAccepted(c, r) || a.conditionsForbid(c, r, validators{}, nil) {
			return
		}
		m, err = parsePoll(r.Query())
	} else {
		if !a.method(c, r, postOnly) || !a.originChecked(c, r) || ifMatchRefused(c, r) {
			return
		}
		if len(body) > maxChatMessage {
			c.Refuse(413, "a message has at most "+strconv.Itoa(maxChatMessage)+" bytes", nil)
			return
		}
		m, err = parsePost(path, body)
	}
	switch {
	case err == errNoSession:
		c.Refuse(404, joinAgain, nil)
	case err != nil:
		c.Refuse(400, err.Error(), nil)
	default:
		a.postRequest(c, &m)
	}
}

// errNoSession means that a session isn't a valid Token.
var errNoSession = errors.New(hub.NoSession)

const joinAgain = hub.NoSession + "; join again"

// parsePost parses the body of a POST.
func parsePost(path string, body []byte) (hub.Message, error) {
	s, err := parseSaid(body)
	if err != nil {
		return hub.Message{}, err
	}
	m, err := s.order(posted[path])
	if err != nil || m.Kind == hub.Enter {
		return m, err
	}
	var ok bool
	if m.Token, ok = hub.ParseToken(s.Session); !ok {
		return m, errNoSession
	}
	return m, nil
}

// parsePoll parses a query: session=…&since=N, in either order. It splits the query before it
// decodes the parts (RFC 3986 2.4).
func parsePoll(query []byte) (hub.Message, error) {
	var scratch [128]byte
	m, known := hub.Message{Kind: hub.Poll}, false
	sessions, sinces, others := 0, 0, 0
	for part := range bytes.SplitSeq(query, []byte("&")) {
		name, value, _ := bytes.Cut(part, []byte("="))
		name, ok := http1.Unescape(scratch[:0], name)
		value, ok2 := http1.Unescape(name[len(name):], value)
		if !ok || !ok2 {
			return m, errors.New("the query is malformed")
		}
		switch string(name) {
		case "session":
			m.Token, known = hub.ParseToken(string(value))
			sessions++
		case "since":
			n, err := strconv.ParseUint(string(value), 10, 64)
			if err != nil {
				return m, errors.New("since must be a number: the seq of the last response")
			}
			m.Seq = n
			sinces++
		default:
			others++
		}
	}
	switch {
	case sessions != 1 || sinces != 1 || others > 0:
		return m, errors.New("a poll needs session and since, each once, and nothing else")
	case !known:
		return m, errNoSession
	}
	return m, nil
}

// postRequest sends a request to the hub. A poll may wait for its response.
func (a *App) postRequest(c *session.Conn, m *hub.Message) {
	m.Conn = c.ID()
	switch m.Kind {
	case hub.Poll:
		c.SetTimer(pollWait)
	case hub.Enter:
		a.o.Random(m.Token[:])
		if a.o.Peer != nil {
			m.Peer = a.o.Peer(c)
		}
	}
	a.pollRequests[m.Conn] = &pollRequest{conn: c, kind: m.Kind, token: m.Token}
	a.o.Bus.Post(c.Now(), m)
}

// collectResponse collects what the hub sends, and responds when that is complete.
func (a *App) collectResponse(v *pollRequest, m *hub.Message) {
	switch m.Kind {
	case hub.Refused:
		a.finishRequest(v)
		if string(m.Text) == hub.NoSession {
			v.conn.Refuse(404, joinAgain, nil)
		} else {
			v.conn.Refuse(409, string(m.Text), nil)
		}
	case hub.Done:
		a.finishRequest(v)
		a.lendText(v)
		v.conn.Respond(v.response(m))
		a.spareText = v.text[:0]
	default:
		a.lendText(v)
		v.addMessage(m)
	}
}

var roomFields = []byte("Content-Type: application/json\r\n" + nosniff + "Cache-Control: no-store\r\n")

func (a *App) finishRequest(v *pollRequest) {
	delete(a.pollRequests, v.conn.ID())
	v.conn.SetTimer(0)
}

// lendText gives a pollRequest the spare buffer for its text, if it has none. Responses rarely
// overlap, so one buffer is enough.
func (a *App) lendText(v *pollRequest) {
	if v.text == nil {
		v.text, a.spareText = a.spareText, nil
	}
}

// addMessage appends a message to the response.
func (v *pollRequest) addMessage(m *hub.Message) {
	if len(v.text) > 0 || len(v.parts) > 0 {
		v.text = append(v.text, ',')
	}
	switch {
	case len(m.JSON) >= shareMin:
		v.parts = append(v.parts, session.Part{Head: v.text[v.done:], Body: m.JSON, Len: int64(len(m.JSON))})
		v.done = len(v.text)
	case m.JSON != nil:
		v.text = append(v.text, m.JSON...)
	default:
		v.text = m.AppendJSON(v.text)
	}
}

// response returns the HTTP response: an object and a line end.
func (v *pollRequest) response(done *hub.Message) *session.Response {
	b := make([]byte, 0, 128)
	b = append(b, '{')
	if v.kind == hub.Enter {
		b = append(b, `"session":"`+v.token.String()+`",`...)
	}
	b = strconv.AppendUint(append(b, `"seq":`...), done.Seq, 10)
	if done.More != 0 {
		b = append(b, `,"more":true`...)
	}
	if v.kind == hub.Enter || v.kind == hub.Poll {
		b = append(b, `,"messages":[`...)
		v.text = append(v.text, ']')
	}
	v.text = append(v.text, "}\n"...)
	parts := append(make([]session.Part, 0, 8), session.Part{Head: b})
	parts = append(append(parts, v.parts...), session.Part{Head: v.text[v.done:]})
	return &session.Response{Status: 200, Fields: roomFields, Parts: parts}
}

// stopPoll asks the hub to end a poll. Messages may be on their way from the hub, so the poll ends
// only when the hub's Done arrives.
func (a *App) stopPoll(c *session.Conn) {
	if a.pollRequests[c.ID()] != nil {
		a.o.Bus.Post(c.Now(), &hub.Message{Kind: hub.Stop, Conn: c.ID()})
	}
}

// forgetRequest forgets the request of a connection that has ended.
func (a *App) forgetRequest(c *session.Conn) {
	a.stopPoll(c)
	delete(a.pollRequests, c.ID())
}
