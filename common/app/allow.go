package app

import (
	"strings"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// hostAllowed reports whether this server accepts requests for host, which may have a port.
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

// isAddress reports whether a host is an IP address. A name of only digits and dots counts as an
// address, because clients treat it as an IPv4 address.
func isAddress(host string) bool {
	return strings.HasPrefix(host, "[") || strings.Trim(host, "0123456789.") == ""
}

// originChecked reports whether the Origin of the request is allowed. If not, it queues the
// response.
//
// RFC 6455 10.2: "If the origin indicated is unacceptable to the server, then
// it SHOULD respond to the WebSocket handshake with a reply containing HTTP 403
// Forbidden status code."
func (a *App) originChecked(c *session.Conn, r *http1.Request) bool {
	return a.originJudged(c, r, a.o.OriginRequired)
}

// originAccepted is originChecked for a GET that needs the session from an earlier POST. It doesn't
// require an Origin, because a browser sends none with a page's GET to its own server.
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
