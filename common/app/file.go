package app

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"threeloops/common/http1"
	"threeloops/common/session"
)

// file serves a GET or HEAD for a path that is none of the routes: with a
// file below the root or a built-in page.
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

// serveBelowRoot serves the file at path below the root. It reports false if the root
// has no front page: then the built-in one is served.
func (a *App) serveBelowRoot(c *session.Conn, r *http1.Request, path string) bool {
	name := strings.TrimPrefix(path, "/")
	if strings.HasSuffix(path, "/") {
		name += "index.html"
	}
	if strings.HasPrefix(name, "/") || hidden(name) {
		c.Refuse(404, "there is nothing at that path", nil) // to an FS a name with a slash is another root
		return true
	}
	if !a.mayOpen(c) {
		return true
	}
	defer a.resumeWaiting() // if the room was not needed
	f, size, modified, err := a.openFile(name)
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

// hidden reports whether any segment of a name begins with a dot. Such files, like .git
// and .env, are not meant for clients. What lies in .well-known at the top is (RFC 8615 3).
func hidden(name string) bool {
	if first, rest, _ := strings.Cut(name, "/"); first == ".well-known" {
		name = rest
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// redirect sends the client from a directory's name to the name with a slash,
// from which the links in its index.html are resolved. It gives the new name
// relative to the old one: a path that begins with two slashes, or what a
// browser takes for slashes, would be read as the name of another host.
func redirect(c *session.Conn, r *http1.Request) {
	name := r.Path()[bytes.LastIndexByte(r.Path(), '/')+1:]
	to := http1.AppendURI([]byte("Location: ./"), name)
	to = append(to, '/')
	if q := r.Query(); len(q) > 0 {
		to = http1.AppendURI(append(to, '?'), q)
	}
	c.Refuse(301, "a directory's name ends in a slash", append(to, "\r\n"...))
}
