package conformance

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/session"
)

// The core in memory does what the table says.
func TestCore(t *testing.T) { Run(t, Core()) }

// The table can be played over sockets: against a fourth model, the one that a
// Go program would use, with a goroutine for each connection.
func TestGoroutines(t *testing.T) {
	Run(t, Target{Name: "goroutines", Start: startGoroutines})
}

func startGoroutines(t testing.TB, flags ...string) *Server {
	flags = readLists(t, flags)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			cfg, err := inmemory.NewConfig(flags, nil)
			if err != nil {
				t.Error(err)
			}
			go serve(c.(*net.TCPConn), cfg)
		}
	}()
	return &Server{Addr: ln.Addr().String(), Pid: os.Getpid(), Stop: func() {}}
}

// serve drives a session as the box in its package says, as far as blocking
// calls allow.
func serve(c *net.TCPConn, cfg *session.Config) {
	defer c.Close()
	s := session.New(cfg, 1, time.Now(), nil)
	scratch := make([]byte, 64<<10)
	for flush(c, s); s.Want() != 0; flush(c, s) {
		cfg.Round()
		c.SetReadDeadline(s.Deadline())
		if s.Want()&session.Read == 0 {
			continue
		}
		p := s.Into(scratch)
		n, err := c.Read(p)
		report(s, n > 0, err, func() { s.Feed(time.Now(), p[:n]) })
	}
}

// flush sends all that there is.
func flush(c *net.TCPConn, s *session.Session) {
	var v [8][]byte
	s.Continue(time.Now())
	for b := s.Next(v[:]); !b.Empty(); b = s.Next(v[:]) {
		if b.Fin {
			c.CloseWrite()
			s.Sent(time.Now(), 0)
			continue
		}
		c.SetWriteDeadline(s.Deadline())
		n, err := c.Write(b.Bytes[0][:min(len(b.Bytes[0]), 16<<10)]) // so that progress is noticed
		report(s, n > 0, err, func() { s.Sent(time.Now(), n) })
	}
}

// report tells a session how a call went.
func report(s *session.Session, progress bool, err error, tell func()) {
	if progress {
		tell()
	}
	switch ne, ok := err.(net.Error); {
	case err == nil:
	case ok && ne.Timeout():
		if d := s.Deadline(); !d.IsZero() && !d.After(time.Now()) {
			s.Tick(time.Now())
		}
	case err == io.EOF:
		s.End(time.Now(), nil)
	default:
		s.End(time.Now(), err)
	}
}

// readLists puts lists back into the place of the files that they were written to.
func readLists(t testing.TB, flags []string) []string {
	var all []string
	for _, flag := range flags {
		name, file, _ := strings.Cut(flag, "=")
		if name == "-hosts" || name == "-origins" {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, entries, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
			flag = name + "=" + inmemory.ListPrefix + strings.ReplaceAll(entries, "\n", ",")
		}
		all = append(all, flag)
	}
	return all
}
