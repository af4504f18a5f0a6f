package app

import (
	"bytes"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// file answers a GET or HEAD for a path that is none of the routes: with a
// file below the root or a built-in page.
func (a *App) file(c *session.Conn, r *http1.Request, path []byte) {
	builtIn := bytes.HasPrefix(path, []byte("/_/"))
	if a.o.FS != nil && !builtIn && a.below(c, r, string(path)) {
		return
	}
	if p := a.page(path); p != nil {
		p.serve(c, r)
		return
	}
	c.Refuse(404, "there is nothing at that path", nil)
}

// below answers with the file at path below the root. It reports false where
// the root has no front page, for which the built-in one stands in.
func (a *App) below(c *session.Conn, r *http1.Request, path string) bool {
	name := strings.TrimPrefix(path, "/")
	if strings.HasSuffix(path, "/") {
		name += "index.html"
	}
	if strings.HasPrefix(name, "/") {
		c.Refuse(404, "there is nothing at that path", nil) // to an FS it would be another root
		return true
	}
	f, size, modified, err := a.o.FS.Open(name)
	switch {
	case path == "/" && errors.Is(err, fs.ErrNotExist):
		return false
	case errors.Is(err, fs.ErrNotExist):
		c.Refuse(404, "there is nothing at that path", nil)
	case errors.Is(err, fs.ErrPermission):
		c.Refuse(403, "that file may not be read", nil)
	case err != nil:
		c.Refuse(503, "the file can't be opened at the moment", []byte("Retry-After: 1\r\n"))
	case f == nil && strings.HasSuffix(path, "/"):
		c.Refuse(404, "there is nothing at that path", nil) // its index.html is a directory
	case f == nil:
		redirect(c, r)
	default:
		v := validators{tag: fileTag(size, modified), modified: modified}
		if v.unchanged(r) {
			f.Close()
			c.Reply(&session.Response{Status: 304, Fields: v.append(nil)})
			break
		}
		fields := v.append(appendType(nil, name))
		c.Reply(&session.Response{Status: 200, Fields: fields, File: f, Len: size})
	}
	return true
}

// redirect sends the client from a directory's name to the name with a slash,
// from which the links in its index.html are resolved. It gives the new name
// relative to the old one: a path that begins with two slashes, or what a
// browser takes for slashes, would be read as the name of another host.
func redirect(c *session.Conn, r *http1.Request) {
	name := r.Path()[bytes.LastIndexByte(r.Path(), '/')+1:]
	to := append([]byte("Location: ./"), name...)
	to = append(to, '/')
	if q := r.Query(); len(q) > 0 {
		to = append(append(to, '?'), q...)
	}
	c.Refuse(301, "a directory's name ends in a slash", append(to, "\r\n"...))
}

// validators tell two versions of a resource apart (RFC 9110 8.8).
type validators struct {
	tag      string // entity tag, with its quotes
	modified time.Time
}

func fileTag(size int64, modified time.Time) string {
	b := strconv.AppendInt([]byte{'"'}, modified.UnixNano(), 36)
	b = strconv.AppendInt(append(b, '-'), size, 36)
	return string(append(b, '"'))
}

// append adds the fields ETag and Last-Modified.
func (v validators) append(fields []byte) []byte {
	fields = append(fields, "ETag: "...)
	fields = append(fields, v.tag...)
	if !v.modified.IsZero() {
		fields = append(fields, "\r\nLast-Modified: "...)
		fields = http1.AppendDate(fields, v.modified)
	}
	return append(fields, "\r\n"...)
}

// unchanged reports whether the client's copy is still good.
//
// RFC 9110 13.1.3: "A recipient MUST ignore If-Modified-Since if the request
// contains an If-None-Match header field".
func (v validators) unchanged(r *http1.Request) bool {
	if _, ok := r.Field("If-None-Match"); ok {
		for value := range r.Fields("If-None-Match") {
			if matchesTag(value, v.tag) {
				return true
			}
		}
		return false
	}
	value, ok := r.Field("If-Modified-Since")
	if !ok || v.modified.IsZero() {
		return false
	}
	since, ok := http1.ParseDate(value, v.modified)
	return ok && !v.modified.Truncate(time.Second).After(since)
}

// matchesTag compares tag with a list of entity tags, weakly (RFC 9110 8.8.3.2).
func matchesTag(list []byte, tag string) bool {
	for len(list) > 0 {
		list = bytes.TrimLeft(list, " \t,")
		if bytes.HasPrefix(list, []byte("*")) {
			return true
		}
		one := bytes.TrimPrefix(list, []byte("W/"))
		if len(one) == 0 || one[0] != '"' {
			return false
		}
		end := bytes.IndexByte(one[1:], '"')
		if end < 0 {
			return false
		}
		if string(one[:end+2]) == tag {
			return true
		}
		list = one[end+2:]
	}
	return false
}
