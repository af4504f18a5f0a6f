package hub

import "encoding/binary"

// MaxText is the most bytes that Text may have in a Message that is sent
// between processes: a message of the chat, as the JSON that it came as. With its
// envelope it is not much longer than PollResponseBytes, so a response isn't either.
const MaxText = 20 << 10

// MaxMessage is the most bytes that Append appends.
const MaxMessage = fixedBytes + 2*(1+maxSentName) + MaxText

// maxSentName is how many bytes of a name are sent. Of one that is too long that is
// enough for the Hub to see that it is.
const maxSentName = MaxNameBytes + 1

// fixed is how many bytes a Message has on a wire beside its strings and their
// lengths, and where each number is.
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

// Append appends m as Parse reads it, for another process on this machine. Names
// that nobody can have, since they are longer than MaxNameBytes, are cut to some
// that nobody can have either.
func (m *Message) Append(b []byte) []byte {
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

// appendString appends a string with its length before it.
func appendString(b []byte, s string) []byte {
	s = s[:min(len(s), maxSentName)]
	return append(append(b, byte(len(s))), s...)
}

// Parse reads what Append has written. It reports false if p is nothing of the
// kind. Text refers to p.
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

// cutString cuts a string off p that has its length before it.
func cutString(p []byte) (s string, rest []byte, ok bool) {
	if len(p) == 0 || len(p)-1 < int(p[0]) {
		return "", nil, false
	}
	n := 1 + int(p[0])
	return string(p[1:n]), p[n:], true
}
