package sim

import "bytes"

// References in what a client sends: {session} stands for the value that the server has last sent
// under that name, "session":"…" or "session":7. So a scenario can go on with what the server has
// decided, as a long poll must.

// hasReference reports whether text has a reference.
func hasReference(text []byte) bool {
	_, _, _, ok := cutReference(text)
	return ok
}

// cutReference cuts text around its first reference, a name of lower-case letters in braces.
func cutReference(text []byte) (before, name, after []byte, ok bool) {
	for i := 0; ; {
		open := bytes.IndexByte(text[i:], '{')
		if open < 0 {
			return text, nil, nil, false
		}
		i += open + 1
		end := i
		for end < len(text) && 'a' <= text[end] && text[end] <= 'z' {
			end++
		}
		if end > i && end < len(text) && text[end] == '}' {
			return text[:i-1], text[i:end], text[end+1:], true
		}
	}
}

// resolve replaces the references in text by values from what was received. A reference without a
// value stays as it is.
func resolve(text, received []byte) []byte {
	if !hasReference(text) {
		return text
	}
	var resolved []byte
	for {
		before, name, after, ok := cutReference(text)
		resolved = append(resolved, before...)
		if !ok {
			return resolved
		}
		if value, ok := lastValue(received, name); ok {
			resolved = append(resolved, value...)
		} else {
			resolved = append(resolved, text[len(before):len(text)-len(after)]...)
		}
		text = after
	}
}

// longestValue is how many bytes a value may have. A longer one counts as none, so that a short
// scenario can't make a client send more than there is memory for.
const longestValue = 256

// lastValue finds the last whole value of a name in JSON: a string, which it returns without its
// quotes, or a number.
func lastValue(received, name []byte) (value []byte, ok bool) {
	key := append(append([]byte{'"'}, name...), '"', ':')
	for end := len(received); end > 0; {
		at := bytes.LastIndex(received[:end], key)
		if at < 0 {
			return nil, false
		}
		rest := received[at+len(key):]
		if value, ok = valueAt(bytes.TrimLeft(rest[:min(len(rest), longestValue+2)], " ")); ok {
			return value, true
		}
		end = at
	}
	return nil, false
}

// valueAt takes a value from the beginning of text. A number is whole if something follows.
func valueAt(text []byte) (value []byte, ok bool) {
	if len(text) > 0 && text[0] == '"' {
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '"':
				return text[1:i], true
			case '\\':
				i++
			}
		}
		return nil, false
	}
	n := 0
	for n < len(text) && bytes.IndexByte([]byte("+-.0123456789Ee"), text[n]) >= 0 {
		n++
	}
	number := n > 0 && (text[0] == '-' || '0' <= text[0] && text[0] <= '9')
	return text[:n], number && n < len(text)
}
