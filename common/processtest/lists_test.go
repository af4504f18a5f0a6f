package processtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// rereadsLists changes the file of the allowed origins while the server runs:
// to another list, and then to none.
func rereadsLists(t *testing.T) {
	file := filepath.Join(t.TempDir(), "origins.dat")
	write := func(text string) { must(t, os.WriteFile(file, []byte(text), 0o600)) }
	const one, other = "http://one.example", "http://other.example"
	write("1\n" + one + "\n")
	p := Launch(t, "-origins="+file)
	must(t, errors.Join(p.posts(one, 200), p.posts(other, 403)))

	write("1\n" + other + "\n")
	must(t, errors.Join(p.posts(one, 200), p.posts(other, 403))) // nobody has said so yet
	p.Signal(syscall.SIGHUP)
	eventually(t, func() error { return errors.Join(p.posts(one, 403), p.posts(other, 200)) })

	write("2\n" + one + "\n")
	p.Signal(syscall.SIGHUP)
	eventually(t, func() error {
		if !strings.Contains(p.Log(), file+":1: says 2 entries, but 1 follow") {
			return errors.New("want a line that names the bad file's line")
		}
		return nil
	})
	must(t, errors.Join(p.posts(one, 403), p.posts(other, 200)))
}

// posts sends a request of a page of that origin, on a connection of its own.
func (p *Process) posts(origin string, status int) error {
	c, err := dial(p.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: %s\r\nContent-Length: 0\r\n\r\n", origin)
	if err != nil {
		return err
	}
	r, err := c.answer()
	return errors.Join(err, equal("status for "+origin, r.status, status))
}
