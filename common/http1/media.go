package http1

import "bytes"

// IsMediaType reports whether a value is a valid Content-Type.
//
// RFC 9110 8.3.1: "media-type = type "/" subtype parameters"; 5.6.6: "parameters = *( OWS ";" OWS
// [ parameter ] )", where the value of a parameter is a token or a quoted string.
func IsMediaType(value []byte) bool {
	slash := token(value)
	if slash == 0 || slash == len(value) || value[slash] != '/' {
		return false
	}
	rest := value[slash+1:]
	n := token(rest)
	if n == 0 {
		return false
	}
	for rest = trim(rest[n:]); len(rest) > 0; rest = trim(rest) {
		if rest[0] != ';' {
			return false
		}
		rest = trim(rest[1:])
		if len(rest) == 0 || rest[0] == ';' {
			continue
		}
		if n = parameter(rest); n == 0 {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// parameter returns the length of the parameter at the beginning of b, or 0.
func parameter(b []byte) int {
	name := token(b)
	if name == 0 || name == len(b) || b[name] != '=' {
		return 0
	}
	from := name + 1
	n := token(b[from:])
	if from < len(b) && b[from] == '"' {
		n = quoted(b[from:])
	}
	if n == 0 {
		return 0
	}
	return from + n
}

// token returns the length of the token at the beginning of b, or 0.
func token(b []byte) int {
	if i := bytes.IndexFunc(b, func(c rune) bool { return c >= 0x80 || class[c]&inToken == 0 }); i >= 0 {
		return i
	}
	return len(b)
}

// quoted returns the length of the quoted string at the beginning of b (RFC 9110 5.6.4), or 0.
func quoted(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i++; i == len(b) || class[b[i]]&inValue == 0 {
				return 0
			}
		case class[c]&inValue == 0:
			return 0
		}
	}
	return 0
}
