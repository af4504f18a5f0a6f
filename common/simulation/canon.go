package simulation

import (
	"bytes"
	"fmt"

	"threeloops/common/ws"
)

// output is what a server has sent to a client, in a form that doesn't depend on how the client's
// bytes were cut, nor on the time.
type output struct {
	http     []byte // without 100 (Continue), and the value of Date and ETag masked
	messages []byte // of the WebSocket: each message's opcode, payload and end
	control  []byte // frames; they may come between the fragments of a message, or not
}

var (
	interim  = []byte("HTTP/1.1 100 Continue\r\n\r\n")
	upgraded = []byte("HTTP/1.1 101 ")
	tooSlow  = []byte("HTTP/1.1 408 ")
)

// canonical returns the output in b, which it changes.
func canonical(b []byte) (o output) {
	head, frames := b, []byte(nil)
	if i := bytes.Index(b, upgraded); i >= 0 {
		if n := bytes.Index(b[i:], []byte("\r\n\r\n")); n >= 0 {
			head, frames = b[:i+n+4], b[i+n+4:]
		}
	}
	if o.http = mask(head); bytes.Contains(o.http, interim) {
		o.http = bytes.ReplaceAll(o.http, interim, nil)
	}
	for n := min(len(interim)-1, len(o.http)); n > len("HTTP/1.1 "); n-- { // a part of it may be the last that has come
		if bytes.HasSuffix(o.http, interim[:n]) {
			o.http = o.http[:len(o.http)-n]
			break
		}
	}
	o.parse(frames)
	return o
}

// masked are fields whose values depend on the time, or on the kernel's numbers of files.
var masked = []string{"Date", "ETag", "Last-Modified"}

// mask replaces the values of these fields.
func mask(b []byte) []byte {
	for _, name := range masked {
		name := []byte("\r\n" + name + ": ")
		if !bytes.Contains(b, name) {
			continue
		}
		var all []byte
		for first := true; ; first = false {
			before, rest, found := bytes.Cut(b, name)
			if !first {
				_, before, _ = bytes.Cut(before, []byte("\r"))
				before = append([]byte("#\r"), before...)
			}
			if all = append(all, before...); !found {
				break
			}
			all, b = append(all, name...), rest
		}
		b = all
	}
	return b
}

// parse adds the frames in b.
func (o *output) parse(b []byte) {
	var r ws.Reader
	r.Init(ws.Client, 0)
	for {
		ev, n := r.Next(b)
		b = b[n:]
		switch ev.Kind {
		case ws.NeedMore:
			return
		case ws.Data:
			if ev.First {
				o.messages = fmt.Appendf(o.messages, "(%v ", ev.Opcode)
			}
			o.messages = appendEscaped(o.messages, ev.Payload)
			if ev.Last {
				o.messages = append(o.messages, ')')
			}
		case ws.Failed:
			o.control = fmt.Appendf(o.control, "(malformed: %v)", ev.Err)
			return
		case ws.CloseFrame:
			o.control = fmt.Appendf(o.control, "(%v %d %q)", ev.Kind, ev.Code, ev.Payload)
			if len(b) > 0 { // RFC 6455 5.5.1: nothing follows a Close
				o.control = fmt.Appendf(o.control, "(%d bytes after it)", len(b))
			}
			return
		default:
			o.control = fmt.Appendf(o.control, "(%v %d %q)", ev.Kind, ev.Code, ev.Payload)
		}
	}
}

// appendEscaped appends the payload of a message in a form that has no end of a message in it.
func appendEscaped(b, payload []byte) []byte {
	if !bytes.ContainsAny(payload, `()\`) {
		return append(b, payload...)
	}
	for _, c := range payload {
		if c == '(' || c == ')' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return b
}

// begins reports whether o is the beginning of all, or all.
func (o *output) begins(all *output) bool {
	return bytes.HasPrefix(all.http, o.http) && bytes.HasPrefix(all.messages, o.messages) && bytes.HasPrefix(all.control, o.control)
}

// equals reports whether both are the same.
func (o *output) equals(other *output) bool { return o.begins(other) && other.begins(o) }

// difference shows where two outputs differ.
func difference(got, want *output) string {
	for _, part := range []struct {
		name      string
		got, want []byte
	}{{"HTTP", got.http, want.http}, {"messages", got.messages, want.messages}, {"control frames", got.control, want.control}} {
		i := 0
		for i < min(len(part.got), len(part.want)) && part.got[i] == part.want[i] {
			i++
		}
		if i < max(len(part.got), len(part.want)) {
			from := max(0, i-20)
			return fmt.Sprintf("%s, byte %d of %d: got %.200q, want %.200q (of %d)",
				part.name, i, len(part.got), part.got[from:], part.want[from:], len(part.want))
		}
	}
	return "nothing differs"
}
