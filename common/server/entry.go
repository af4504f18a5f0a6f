package server

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// hostEntry returns an entry of -hosts in the form in which clients send it: in lower case, without
// a final dot, and an IPv6 address in brackets and in its short form. An entry that no Host field
// can match is an error, which says what to write instead.
func hostEntry(entry string) (string, error) {
	if _, host, ok := strings.Cut(entry, "://"); ok {
		return "", fmt.Errorf("a host has no scheme: write %q", host)
	}
	if strings.ContainsAny(entry, "/?#") {
		return "", errors.New("a host has no path: write the host alone, such as example.com")
	}
	if strings.Count(entry, ":") > 1 && !strings.Contains(entry, "]:") {
		return address6(entry)
	}
	host, _, ok := cutPort(entry)
	host, err := hostName(host)
	if ok && err == nil {
		return "", fmt.Errorf("a host is listed without a port, and matches every port: write %q", host)
	}
	return host, err
}

// originEntry returns an entry of -origins in the form in which browsers send it: the scheme and
// the host in lower case, without a final dot or a default port. An entry that no Origin field can
// match is an error, which says what to write instead.
func originEntry(entry string) (string, error) {
	scheme, rest, ok := strings.Cut(entry, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case strings.EqualFold(entry, "null") && entry != "null":
		return "", errors.New(`browsers send it in lower case: write "null"`)
	case entry == "null":
		return entry, nil
	case strings.Contains(entry, "*"):
		return "", errWildcard
	case !ok, scheme == "":
		bare := strings.TrimLeft(entry, "/")
		return "", fmt.Errorf("an origin begins with its scheme: write \"https://%s\" or \"http://%s\"", bare, bare)
	case !isScheme(scheme):
		return "", fmt.Errorf("%q is not a scheme", scheme)
	case scheme == "file" && rest == "":
		return entry, nil
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return "", fmt.Errorf("an origin ends before the path: write %q", scheme+"://"+rest[:i])
	}
	if web, ok := map[string]string{"ws": "http", "wss": "https"}[scheme]; ok {
		return "", fmt.Errorf("browsers send the origin of the page, and not the URL of the WebSocket: write %q",
			web+"://"+rest)
	}
	host, port, _ := cutPort(rest)
	if strings.Contains(host, ":") && !strings.Contains(host, "[") {
		return "", errors.New("an IPv6 address must be in brackets, such as https://[::1]")
	}
	host, err := hostName(host)
	if err != nil {
		return "", err
	}
	port, err = portEntry(scheme, port)
	return scheme + "://" + host + port, err
}

// portEntry returns what follows the host in an origin: a colon and the port, or nothing if port is
// the scheme's default.
func portEntry(scheme, port string) (string, error) {
	if port == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%q is not a port: it must be from 1 to 65535", port)
	}
	if scheme == "http" && n == 80 || scheme == "https" && n == 443 {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

var errWildcard = errors.New("there are no wildcards: write an entry for each name")

// hostName checks the host of an entry, and returns it in the form in which clients send it.
func hostName(host string) (string, error) {
	if strings.ContainsAny(host, "[]") {
		return address6(host)
	}
	if strings.Contains(host, "*") {
		return "", errWildcard
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for label := range strings.SplitSeq(host, ".") {
		if label == "" {
			return "", fmt.Errorf("%q is not a host", host)
		}
		for _, c := range label {
			switch {
			case c >= 0x80:
				return "", errors.New("browsers send an international name in its ASCII form: write the form that begins with xn--")
			case !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_~", c):
				return "", fmt.Errorf("%q is not a host: %q can't be part of one", host, c)
			}
		}
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		if a, err := netip.ParseAddr(host); err != nil || !a.Is4() {
			return "", fmt.Errorf("%q is not an IPv4 address in the form that browsers send, such as 127.0.0.1", host)
		}
	}
	return host, nil
}

// address6 returns an IPv6 address, which host has with or without brackets, as browsers send it.
func address6(host string) (string, error) {
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	a, err := netip.ParseAddr(inner)
	switch {
	case opened != closed, err != nil, !a.Is6(), a.Zone() != "":
		return "", fmt.Errorf("%q is not an IPv6 address, such as [::1]", host)
	case a.Is4In6():
		b := a.As16()
		return fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15])), nil
	}
	return "[" + a.String() + "]", nil
}

// cutPort splits an authority into host and port. ok reports whether it has a port, or at least a
// colon for one.
func cutPort(authority string) (host, port string, ok bool) {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i], authority[i+1:], true
	}
	return authority, "", false
}

// isScheme reports whether s, in lower case, is a scheme by RFC 3986 3.1.
func isScheme(s string) bool {
	rest := strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.")
	return rest == "" && s[0] >= 'a' && s[0] <= 'z'
}
