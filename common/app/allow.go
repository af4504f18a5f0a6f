package app

import (
	"bytes"
	"strings"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// hostAllowed reports whether a request for host, with or without a port, is
// meant for this server.
func (a *App) hostAllowed(host []byte) bool {
	lists := a.lists()
	if lists == a.known.by && string(host) == a.known.host {
		return true
	}
	ok := a.hostJudged(host, lists.Hosts)
	if ok {
		a.known.by, a.known.host = lists, string(host)
	}
	return ok
}

func (a *App) hostJudged(host []byte, hosts []string) bool {
	if hosts == nil && !a.o.Loopback {
		return true
	}
	name := string(withoutPort(host))
	if hosts != nil {
		return listed(hosts, name)
	}
	if strings.EqualFold(name, "localhost") || strings.EqualFold(name, a.o.Host) || name == "" {
		return true
	}
	return isAddress(name)
}

// isAddress reports whether a host is an IP literal. A name that consists of
// digits and dots is none: clients take it for an IPv4 address.
func isAddress(host string) bool {
	return strings.HasPrefix(host, "[") || strings.Trim(host, "0123456789.") == ""
}

// originChecked reports whether the page that sent the request may. Any other
// it answers itself.
//
// RFC 6455 10.2: "If the origin indicated is unacceptable to the server, then
// it SHOULD respond to the WebSocket handshake with a reply containing HTTP 403
// Forbidden status code."
func (a *App) originChecked(c *session.Conn, r *http1.Request) bool {
	return a.originJudged(c, r, a.o.OriginRequired)
}

// originAccepted is originChecked for a GET that needs what a POST has given: a
// browser that has a page ask its own server by GET names no Origin, so none is
// required.
func (a *App) originAccepted(c *session.Conn, r *http1.Request) bool {
	return a.originJudged(c, r, false)
}

func (a *App) originJudged(c *session.Conn, r *http1.Request, required bool) bool {
	origin, ok := r.Field("Origin")
	old, alsoOld := []byte(nil), false
	if a.o.Legacy {
		old, alsoOld = r.Field("Sec-WebSocket-Origin")
	}
	switch {
	case !ok && !alsoOld && required:
		c.Refuse(403, "a request to this resource needs an Origin", nil)
		return false
	case ok && !a.originAllowed(r, origin), alsoOld && !a.originAllowed(r, old):
		c.Refuse(403, "pages of that Origin may not use this resource", nil)
		return false
	}
	return true
}

func (a *App) originAllowed(r *http1.Request, origin []byte) bool {
	if origins := a.lists().Origins; origins != nil {
		return listed(origins, string(origin))
	}
	return sameOrigin(origin, r.Host())
}

// sameOrigin reports whether origin's host and port are those that the request
// was sent to. The scheme may differ: behind a proxy it is https.
func sameOrigin(origin, host []byte) bool {
	_, authority, ok := bytes.Cut(origin, []byte("://"))
	return ok && bytes.EqualFold(authority, host)
}

func listed(list []string, s string) bool {
	for _, l := range list {
		if strings.EqualFold(l, s) {
			return true
		}
	}
	return false
}

// withoutPort cuts the port off a Host field's value, which the parser has
// checked. An IPv6 address keeps its brackets.
func withoutPort(host []byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i > bytes.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}
