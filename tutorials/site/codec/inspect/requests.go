package inspect

import (
	"bytes"
	"fmt"
	"strings"

	"threeloops/common/http1"
)

// readRequests reads requests up to the offset end. It reports whether the piece is used up.
func (i *inspector) readRequests(end int) bool {
	for i.mode == requests {
		ev, n := i.http.Next(i.data[i.at:end])
		e := i.report("http1", ev.Kind.String(), i.at+n)
		switch ev.Kind {
		case http1.Head:
			e.Head = i.head()
		case http1.Body:
			e.Data = dataOf(ev.Data)
		case http1.End:
			i.end(e)
		case http1.Failed:
			e.Rule = requestRule(ev.Err)
			i.wrong(e.Rule, i.failedAt())
			e.Note = "A line is checked when it is complete, so that a cut changes nothing."
			i.feed(e)
			i.mode = over
			return true // Next has discarded the rest of the piece
		case http1.NeedMore:
			i.feed(e)
			return true
		}
	}
	return false
}

// end passes a complete request to the core, and decides what the next byte is.
func (i *inspector) end(e *Event) {
	i.feed(e)
	switch {
	case i.core.webSocket() && i.core.frames:
		i.openSocket(e)
	case i.core.webSocket() || i.core.phase() == "challenge":
		i.mode = opaque
	case i.core.phase() == "reply":
		e.Note = "The application owes the response."
	}
	i.http.Reset(i.limits)
	i.began = i.at
}

// openSocket begins to read frames. The core's response says what is agreed.
func (i *inspector) openSocket(e *Event) {
	const extension = "Sec-WebSocket-Extensions: permessage-deflate"
	deflate := strings.Contains(e.Answer.Text, extension)
	takeover := deflate && !strings.Contains(e.Answer.Text, "client_no_context_takeover")
	limit := i.core.cfg.MaxMessage
	if i.upgrade.streamed {
		limit = 0
	}
	i.mode, i.socket = frames, newSocket(false, deflate, takeover, limit)
	i.socket.reader.Hybi07, i.socket.from = i.upgrade.hybi07, i.at
	e.Note = "The request opens a WebSocket: the next byte begins a frame."
}

// failedAt returns the offset of the first byte at which the request fails. A cut never changes the
// meaning, so a reader that gets the same bytes one by one fails with the same error.
func (i *inspector) failedAt() int {
	var r http1.Reader
	r.Reset(i.limits)
	for at := i.began; at < i.at; at++ {
		for p := i.data[at : at+1]; ; {
			ev, n := r.Next(p)
			p = p[n:]
			if ev.Kind == http1.Failed {
				return at
			}
			if ev.Kind == http1.NeedMore || ev.Kind == http1.End {
				break
			}
		}
	}
	return i.at - 1
}

// upgrade is what a request says about the WebSocket that it may open.
type upgrade struct {
	streamed bool // messages are passed on in pieces, without a limit
	hybi07   bool // the frames have the close codes of versions 7 and 8
}

// head describes the request whose head has just been read.
func (i *inspector) head() *Head {
	q := i.http.Request()
	h := &Head{
		Method: readable(q.Method()), Target: readable(q.Target()),
		Version: fmt.Sprintf("HTTP/1.%d", q.Minor()), Fields: fieldsOf(i.data[i.began:i.at]),
	}
	switch n := q.ContentLength(); {
	case n < 0:
		h.Body = "The body is chunked: each chunk says its own length, and the last one has length 0."
	case n > 0:
		h.Body = fmt.Sprintf("The body has %d bytes, because Content-Length says so.", n)
	default:
		h.Body = "The request has no body: it ends with the empty line."
	}
	version, _ := q.Field("Sec-WebSocket-Version")
	i.upgrade.hybi07 = string(version) == "7" || string(version) == "8"
	i.upgrade.streamed = string(q.Query()) == "stream"
	return h
}

// fieldsOf returns the header fields of a head that http1 has accepted. A Request returns the value
// of a field by its name only, so the names are taken from the bytes.
func fieldsOf(head []byte) []Field {
	lines := bytes.Split(bytes.TrimLeft(head, "\r\n"), []byte("\r\n"))
	fields := []Field{}
	for _, line := range lines[1:] {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			fields = append(fields, Field{string(name), readable(bytes.Trim(value, " \t"))})
		}
	}
	return fields
}
