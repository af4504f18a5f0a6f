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
		p.serve(a, c, r)
		return
	}
	c.Refuse(404, "there is nothing at that path", nil)
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
		c.Refuse(404, "there is nothing at that path", nil)
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
		c.Refuse(404, "there is nothing at that path", nil)
	case errors.Is(err, fs.ErrPermission):
		c.Refuse(403, "the server may not read that file", nil)
	case err != nil:
		c.Refuse(503, "the file can't be opened at the moment", []byte("Retry-After: 1\r\n"))
	case f == nil && strings.HasSuffix(path, "/"):
		c.Refuse(404, "there is nothing at that path", nil) // its index.html is a directory
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
