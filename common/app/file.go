package app

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// file serves a GET or HEAD for a path that isn't one of the routes, with a file below the root or
// a built-in page.
func (a *App) file(c *session.Conn, r *http1.Request, path []byte) {
	builtIn := bytes.HasPrefix(path, []byte("/_/"))
	if a.o.FS != nil && !builtIn && a.serveBelowRoot(c, r, string(path)) {
		return
	}
	if p := a.page(path); p != nil {
		a.serve(c, r, &p.resource) // from memory, without a copy
		return
	}
	a.notFound(c, r)
}

// serveBelowRoot serves the file at path below the root. It returns false if the root has no front
// page, so that the built-in one is served.
func (a *App) serveBelowRoot(c *session.Conn, r *http1.Request, path string) bool {
	name := strings.TrimPrefix(path, "/")
	if strings.HasSuffix(path, "/") {
		name += "index.html"
	}
	if strings.HasPrefix(name, "/") || hidden(name) {
		// A name that begins with a slash would be an absolute path for an FS.
		a.notFound(c, r)
		return true
	}
	if !a.mayOpen(c) {
		return true
	}
	defer a.resumeWaiting() // if the file wasn't needed
	f, size, modified, err := a.openFile(name)
	switch {
	case path == "/" && errors.Is(err, fs.ErrNotExist):
		return false
	case errors.Is(err, fs.ErrNotExist):
		a.notFound(c, r)
	case errors.Is(err, fs.ErrPermission):
		c.Refuse(403, "the server may not read that file", nil)
	case err != nil:
		c.Refuse(503, "the file can't be opened at the moment", []byte("Retry-After: 1\r\n"))
	case f == nil && strings.HasSuffix(path, "/"):
		a.notFound(c, r) // its index.html is a directory
	case f == nil:
		redirect(c, r)
	default:
		res := &resource{
			validators: validators{tag: fileTag(f, size, modified), modified: modified},
			content:    typeField(name),
			policy:     []byte(nosniff + revalidate),
			file:       f, size: size,
		}
		if compressible(name) {
			res.policy = append(res.policy, "Vary: Accept-Encoding\r\n"...)
			a.preferCompressed(r, name, res)
		}
		a.serve(c, r, res)
	}
	return true
}

// notFound responds with 404. A browser gets a page with links, other clients a line of text.
func (a *App) notFound(c *session.Conn, r *http1.Request) {
	const vary = "Vary: Accept\r\n"
	if !acceptsHTML(r) {
		c.Refuse(404, "there is nothing at that path", []byte(vary))
		return
	}
	page := a.page([]byte("/_/404"))
	fields := append(append([]byte(nil), page.content...), nosniff+vary+contentPolicy...)
	c.Respond(&session.Response{Status: 404, Fields: fields, Body: page.body, Shared: true})
}

// acceptsHTML reports whether the client names text/html with a weight that isn't zero (RFC
// 9110 12.5.1), as browsers do. A client that accepts everything (*/*) gets a line of text.
func acceptsHTML(r *http1.Request) bool {
	for value := range r.Fields("Accept") {
		for member := range bytes.SplitSeq(value, []byte(",")) {
			kind, parameters, _ := bytes.Cut(bytes.Trim(member, " \t"), []byte(";"))
			if bytes.EqualFold(bytes.TrimRight(kind, " \t"), []byte("text/html")) {
				return weight(parameters) > 0
			}
		}
	}
	return false
}

// hidden reports whether a segment of a name begins with a dot. Files such as .git and .env aren't
// meant for clients. Files in the .well-known directory of the root are (RFC 8615 3).
func hidden(name string) bool {
	if first, rest, _ := strings.Cut(name, "/"); first == ".well-known" {
		name = rest
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// redirect sends the client from the name of a directory to that name with a slash. The links in
// its index.html are relative to that. The Location is relative to the old name: a browser would
// take a path that begins with two slashes, or with characters that it treats as slashes, for the
// name of another host.
func redirect(c *session.Conn, r *http1.Request) {
	name := r.Path()[bytes.LastIndexByte(r.Path(), '/')+1:]
	to := http1.AppendURI([]byte("Location: ./"), name)
	to = append(to, '/')
	if q := r.Query(); len(q) > 0 {
		to = http1.AppendURI(append(to, '?'), q)
	}
	c.Refuse(301, "the name of a directory ends with a slash", append(to, "\r\n"...))
}
