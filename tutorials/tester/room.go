package tester

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// roomKind is a server whose clients are members of one room: each message of a member goes to all. The
// answer to a member's request is its own copy of its message. It may come after messages of others.
type roomKind struct{}

func (roomKind) name() string { return "room" }
func (roomKind) asks() string { return "joins the room and sends a message" }
func (roomKind) rule() string {
	return "each message goes unchanged to every member, the sender included"
}

func (roomKind) open(p *clientConn) error { return wsKind{}.open(p) }
func (roomKind) part(*env) []byte         { return masked(text, said("00000000", 0))[:9] }

func (roomKind) request(p *clientConn, i int) []byte { return masked(text, said(p.mark, i)) }

func (roomKind) answer(p *clientConn, i int) error {
	for {
		m, err := p.message()
		if err != nil {
			return err
		}
		if mark, _ := heard(m); mark == "" {
			return fmt.Errorf("a message that no member has sent: %s", quote(m))
		} else if mark == p.mark {
			return different(said(p.mark, i), m)
		}
	}
}

// newMark returns what distinguishes the messages of a member from those of all others, also of those that
// earlier checks have sent to the same server.
func newMark() string {
	var b [4]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x", b)
}

// said is message i of the member with this mark.
func said(mark string, i int) []byte { return fmt.Appendf(nil, "message %d of member %s", i, mark) }

// saidAtLength is a long message.
func saidAtLength(mark string, i, size int) []byte {
	m := append(said(mark, i), " says: "...)
	for len(m) < size {
		m = append(m, filling...)
	}
	return m[:size]
}

var message = regexp.MustCompile(`^message ([0-9]+) of member ([0-9a-f]{8})( says: .*)?$`)

// heard returns the mark of the member that has sent m, and the number of m in decimal. The mark is ""
// if m is no message of a member.
func heard(m []byte) (mark, number string) {
	parts := message.FindSubmatch(m)
	if parts == nil {
		return "", ""
	}
	return string(parts[2]), string(parts[1])
}

// message reads a whole text message. It may come in fragments, and it may come after a Ping.
func (p *clientConn) message() (whole []byte, err error) {
	for begun := false; ; {
		f, err := p.readFrame()
		switch {
		case err != nil:
			return nil, err
		case f.first == fin|ping:
			p.Write(masked(pong, f.payload))
			continue
		case begun && f.first&^fin != more, !begun && f.first&^fin != text:
			return nil, fmt.Errorf("%v", f)
		}
		begun = true
		whole = append(whole, f.payload...)
		if f.first&fin == 0 {
			continue
		}
		if !utf8.Valid(whole) {
			return nil, errors.New("a text message that isn't UTF-8: " + quote(whole))
		}
		return whole, nil
	}
}

// join opens n members.
func (e *env) join(n int) (all []*clientConn, err error) {
	for range n {
		p, err := e.open()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// tell sends a message from one member and wants it, as the next message, at each of the members in to.
func (from *clientConn) tell(m []byte, to []*clientConn) error {
	if _, err := from.Write(masked(text, m)); err != nil {
		return err
	}
	for i, p := range to {
		got, err := p.message()
		if err == nil {
			err = different(m, got)
		}
		if err := while(fmt.Sprintf("at reader %d of %d", i+1, len(to)), err); err != nil {
			return err
		}
	}
	return nil
}
