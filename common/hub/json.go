package hub

import "strconv"

// types are the names of the kinds in the JSON that clients receive.
var types = [...]string{
	Welcome: "welcome", Present: "members", Joined: "joined", Left: "left",
	Said: "said", Missed: "missed", Refused: "error", Announced: "operator",
}

// AppendJSON appends m as one JSON object, in the form that clients of the room receive. m must be
// one of the kinds that come from the Hub, except Done.
func (m *Message) AppendJSON(b []byte) []byte {
	b = append(append(append(b, `{"type":"`...), types[m.Kind]...), '"')
	if m.Seq != 0 && m.Kind != Welcome {
		b = strconv.AppendUint(append(b, `,"seq":`...), m.Seq, 10)
	}
	if m.At != 0 {
		b = strconv.AppendInt(append(b, `,"at":`...), m.At, 10)
	}
	if m.Name != "" {
		b = appendQuoted(append(b, `,"name":`...), m.Name)
	}
	if m.To != "" {
		b = appendQuoted(append(b, `,"to":`...), m.To)
	}
	switch {
	case m.Kind == Present:
		b = append(append(append(b, `,"members":[`...), m.Text...), ']')
		if m.More != 0 {
			b = strconv.AppendUint(append(b, `,"more":`...), uint64(m.More), 10)
		}
	case len(m.Text) > 0:
		b = appendQuoted(append(b, `,"text":`...), m.Text)
	}
	return append(b, '}')
}

// makeJSON makes the JSON of an entry with one allocation.
func (e *entry) makeJSON() {
	const envelope = len(`{"type":"joined","seq":,"at":,"name":,"to":,"text":}`) + 2*20
	n := envelope + quotedLen(e.Name) + quotedLen(e.To) + quotedLen(e.Text)
	e.JSON = e.AppendJSON(make([]byte, 0, n))
}

// appendQuoted appends s, which must be valid UTF-8, as a JSON string. It escapes only what must be
// escaped, in the shortest form, so that a text that came as JSON never becomes longer.
// (encoding/json writes U+2028 with six bytes instead of three, and some control characters with
// six instead of two.)
//
// RFC 8259 7: "All Unicode characters may be placed within the quotation marks,
// except for the characters that MUST be escaped: quotation mark, reverse
// solidus, and the control characters (U+0000 through U+001F)."
func appendQuoted[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	plain := 0 // s[:plain] is in b already
	for i := range len(s) {
		if c := s[i]; mustEscape(c) {
			b = appendEscape(append(b, s[plain:i]...), c)
			plain = i + 1
		}
	}
	return append(append(b, s[plain:]...), '"')
}

// quotedLen returns the number of bytes that appendQuoted appends.
func quotedLen[T string | []byte](s T) int {
	n := len(s) + len(`""`)
	for i := range len(s) {
		if c := s[i]; mustEscape(c) {
			if n++; short(c) == 0 {
				n += len(`u00XX`) - 1
			}
		}
	}
	return n
}

func mustEscape(c byte) bool { return c < ' ' || c == '"' || c == '\\' }

// short returns the letter of the two-character escape for c, or 0 if there is none.
func short(c byte) byte {
	switch c {
	case '"', '\\':
		return c
	case '\n':
		return 'n'
	case '\t':
		return 't'
	case '\r':
		return 'r'
	case '\b':
		return 'b'
	case '\f':
		return 'f'
	}
	return 0
}

func appendEscape(b []byte, c byte) []byte {
	if letter := short(c); letter != 0 {
		return append(b, '\\', letter)
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
