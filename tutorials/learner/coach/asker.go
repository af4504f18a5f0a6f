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

// unframed keeps the coach's pages out of frames of other sites, which could misdirect a user's
// clicks.
const unframed = "frame-ancestors 'none'"

// secretField is the header field in which a page sends the coach's secret.
const secretField = "Coach-Secret"

// ServeHTTP answers a request if its sender is allowed to make it; see the package's comment.
func (c *Coach) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin") // for images and scripts, which are requested without Origin
	h.Set("Content-Security-Policy", "default-src 'none'; "+unframed)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin")
	if err := checkOwner(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if !loopback(r.Host) {
		http.Error(w, fmt.Sprintf("the coach answers only at localhost or an IP address, not at %q", r.Host),
			http.StatusForbidden)
		return
	}
	origin := r.Header.Get("Origin")
	_, known := c.of[origin]
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case origin == "" && reads: // a reader with curl or with the address bar
	case origin == "":
		http.Error(w, "the coach obeys only pages of the servers, which send the header field Origin", http.StatusForbidden)
		return
	case !known:
		http.Error(w, fmt.Sprintf("pages of %q may not use the coach", origin), http.StatusForbidden)
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
		http.Error(w, "the request has no secret, or the secret of an earlier coach: reload the page",
			http.StatusForbidden)
		return
	}
	c.routes.ServeHTTP(w, r)
}

// loopback reports whether a request's Host is localhost or an IP address. A site elsewhere can let
// its own name point to this machine, so other names are not allowed.
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

// mostBody is the largest size of a request's content, in bytes.
const mostBody = 8 << 10

// read decodes a request's content into v. If it can't, it answers with an error and returns false.
func read(w http.ResponseWriter, r *http.Request, v any) bool {
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(patience))
	defer control.SetReadDeadline(time.Time{})
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		http.Error(w, "the content isn't the expected JSON object: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
