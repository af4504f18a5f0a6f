//go:build linux

package coach

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// unframed keeps answers out of other sites' frames, in which they would guide a user's clicks.
const unframed = "frame-ancestors 'none'"

// secretField is the field in which a page sends the coach's secret.
const secretField = "Coach-Secret"

// ServeHTTP answers a request if its sender may ask; see the package's comment.
func (c *Coach) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin") // for images and scripts, which need no Origin
	h.Set("Content-Security-Policy", "default-src 'none'; "+unframed)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin")
	if err := checkOwner(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if !loopback(r.Host) {
		http.Error(w, fmt.Sprintf("the coach is at localhost or at an address, and not at %q", r.Host),
			http.StatusForbidden)
		return
	}
	origin := r.Header.Get("Origin")
	_, known := c.of[origin]
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case origin == "" && reads: // a reader with curl, or with the address bar
	case origin == "":
		http.Error(w, "the coach obeys the servers' pages only, and they say so in Origin", http.StatusForbidden)
		return
	case !known:
		http.Error(w, fmt.Sprintf("pages of %q may not ask the coach", origin), http.StatusForbidden)
		return
	default:
		h.Set("Access-Control-Allow-Origin", origin)
	}
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST")
		h.Set("Access-Control-Allow-Headers", "Content-Type, "+secretField)
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !reads && subtle.ConstantTimeCompare([]byte(r.Header.Get(secretField)), []byte(c.secret)) == 0 {
		http.Error(w, "the request has no secret, or that of a coach that has ended: reload the page",
			http.StatusForbidden)
		return
	}
	c.routes.ServeHTTP(w, r)
}

// loopback tells whether a request's Host is localhost or an IP address: another name could be that of a
// site elsewhere, which has it point here.
func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if name == "localhost" {
		return true
	}
	_, err = netip.ParseAddr(name)
	return err == nil
}

// mostBody is how many bytes a request's body may have.
const mostBody = 8 << 10

// read decodes a request's body, or says what is wrong with it.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(patience))
	defer control.SetReadDeadline(time.Time{})
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		http.Error(w, "the body is no such object: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
