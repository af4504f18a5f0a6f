package hub

import (
	"encoding/binary"
	"slices"
)

// MaxText is the maximum length of Text, in bytes, in a Message between processes. Text is a chat
// message in the JSON form in which it arrived. With its envelope it is only a little longer than
// PollResponseBytes, and so is a response.
const MaxText = 20 << 10

// MaxMessage is the maximum number of bytes that Append appends.
const MaxMessage = fixedBytes + 2*(1+maxSentName) + MaxText

// maxSentName is how many bytes of a name are sent. If a name is too long, these are enough for the
// Hub to notice that.
const maxSentName = MaxNameBytes + 1

// Offsets of the numbers in an encoded Message. After fixedBytes come the strings, with their
// lengths.
const (
	atConn     = 1
	atSeq      = 9
	atAt       = 17
	atFrom     = 25
	atToken    = 33
	atMore     = 49
	atPeer     = 53
	fixedBytes = 69
)

// Append appends m in the form that Parse reads, for another process on this machine. A name longer
// than MaxNameBytes is cut, but it stays too long to be valid.
func (m *Message) Append(b []byte) []byte {
	b = slices.Grow(b, fixedBytes+2+min(len(m.Name), maxSentName)+min(len(m.To), maxSentName)+len(m.Text))
	b = append(b, byte(m.Kind))
	b = binary.BigEndian.AppendUint64(b, m.Conn)
	b = binary.BigEndian.AppendUint64(b, m.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(m.At))
	b = binary.BigEndian.AppendUint64(b, m.From)
	b = append(b, m.Token[:]...)
	b = binary.BigEndian.AppendUint32(b, m.More)
	b = append(b, m.Peer[:]...)
	b = appendString(b, m.Name)
	b = appendString(b, m.To)
	return append(b, m.Text...)
}

// appendString appends the length of a string and the string.
func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxSentName)]
	return append(append(b, byte(len(s))), s...)
}

// Parse parses what Append has written. It returns false if p isn't an encoded Message. Text refers
// to p.
func Parse(p []byte) (m Message, ok bool) {
	if len(p) < fixedBytes {
		return m, false
	}
	m.Kind = Kind(p[0])
	m.Conn = binary.BigEndian.Uint64(p[atConn:])
	m.Seq = binary.BigEndian.Uint64(p[atSeq:])
	m.At = int64(binary.BigEndian.Uint64(p[atAt:]))
	m.From = binary.BigEndian.Uint64(p[atFrom:])
	copy(m.Token[:], p[atToken:])
	m.More = binary.BigEndian.Uint32(p[atMore:])
	copy(m.Peer[:], p[atPeer:])
	if m.Name, p, ok = cutString(p[fixedBytes:]); !ok {
		return m, false
	}
	m.To, m.Text, ok = cutString(p)
	return m, ok
}

// cutString cuts a string and its length off the beginning of p.
func cutString(p []byte) (s string, rest []byte, ok bool) {
	if len(p) == 0 || len(p)-1 < int(p[0]) {
		return "", nil, false
	}
	n := 1 + int(p[0])
	return string(p[1:n]), p[n:], true
}
