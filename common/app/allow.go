package app

import (
	"strings"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// hostAllowed reports whether a request for host, with or without a port, is
// meant for this server.
func (a *App) hostAllowed(host []byte) bool {
	lists := a.lists()
	if lists == a.lastHost.by && string(host) == a.lastHost.host {
		return true
	}
	ok := a.hostJudged(host, lists.Hosts)
	if ok {
		a.lastHost.by, a.lastHost.host = lists, string(host)
	}
	return ok
}

func (a *App) hostJudged(host []byte, hosts []string) bool {
	if hosts == nil && !a.o.Loopback {
		return true
	}
	name, _ := divide(host)
	if hosts != nil {
		return listedHost(hosts, name)
	}
	return len(name) == 0 || sameHost(name, "localhost") || sameHost(name, a.o.Host) || isAddress(string(name))
}

// isAddress reports whether a host is an IP literal. A name that consists of
// digits and dots is none: clients take it for an IPv4 address.
func isAddress(host string) bool {
	return strings.HasPrefix(host, "[") || strings.Trim(host, "0123456789.") == ""
}

// originChecked reports whether the page that sent the request may. Any other
// it queues the response.
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
		return listedOrigin(origins, origin)
	}
	return sameOrigin(origin, r.Host())
}
