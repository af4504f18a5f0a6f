package tester

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"threeloops/tutorials/tester/guard"
)

// start is how long a server may take until it listens. It is enough for a command that compiles the
// server first.
const start = 30 * time.Second

// server is a server that the tester has started.
type server struct {
	command string
	under   string
	addr    string
	pid     int        // process that listens; it may be a child of the command
	does    func(Verb) // reports what the tester does to the process

	cmd   *exec.Cmd
	watch *guard.Guard
	log   *os.File // output of this start and of earlier ones
	ended chan struct{}
}

// newServer starts the command of o on a free port, under another command if o.Under isn't empty, and waits
// until it listens.
func newServer(ctx context.Context, o *Options) (*server, error) {
	if err := startable(); err != nil {
		return nil, err
	}
	addr, err := freeAddr(o.ports())
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp("", "threeloops-tester-*")
	if err != nil {
		return nil, err
	}
	os.Remove(log.Name())
	s := &server{command: o.Server, under: o.Under, addr: addr, log: log, does: func(Verb) {}}
	if err := s.start(ctx); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// ports returns the range of ports for the server. It is below the range from which the kernel takes ports
// for clients. So no client can take the port between two starts of a server.
func (o *Options) ports() (first, last int) {
	if o.FirstPort == 0 {
		return 15_000, 29_999
	}
	return o.FirstPort, o.LastPort
}

// freeAddr finds a free port in a range.
func freeAddr(first, last int) (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(last-first+1))
		if isFree(addr) {
			return addr, nil
		}
	}
	return "", fmt.Errorf("the tester found no free port between %d and %d: end programs that listen there", first, last)
}

// isFree reports whether any server can listen on addr, even one that doesn't set SO_REUSEADDR. Such a
// server can't while connections of an earlier server are in TIME_WAIT. Go sets the option for each
// listener, so isFree takes it back.
func isFree(addr string) bool {
	plain := net.ListenConfig{Control: withoutReuseAddr}
	ln, err := plain.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return false
	}
	ln.Close()
	return true
}

// start runs the command in a process group of its own and waits until a process of it listens.
func (s *server) start(ctx context.Context) error {
	_, port, _ := net.SplitHostPort(s.addr)
	line := strings.NewReplacer("{addr}", s.addr, "{port}", port).Replace(s.command)
	if line == s.command {
		line += " -addr " + s.addr
	}
	// With exec the shell becomes the server, so the started process is the server's.
	s.cmd = exec.Command("/bin/sh", "-c", "exec "+s.under+" "+line)
	s.cmd.Env = append(os.Environ(), "ADDR="+s.addr, "PORT="+port)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	lead(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.ended = make(chan struct{})
	s.watch.Dismiss()
	s.watch = guard.Over(s.cmd.Process.Pid)
	go func(cmd *exec.Cmd, ended chan struct{}) {
		cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	for late := time.Now().Add(start); ; {
		if s.listens() {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("“%s” has ended before it listened on %s: %s", line, s.addr, s.lastOutput())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(late) {
			return fmt.Errorf("“%s” has run for %v and doesn't listen on %s: let your server take its address or port "+
				"from the command, where you write {addr} or {port}, or from the environment variable ADDR or PORT",
				line, start, s.addr)
		}
	}
}

// listens reports whether the server listens, and finds its process. On Linux it asks the kernel and
// doesn't connect, because the server's first client must be the check's.
func (s *server) listens() bool {
	if !procWorks() {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	found, ok := lookup(netip.MustParseAddrPort(s.addr), netip.AddrPort{})
	if !ok || found.state != listening {
		return false
	}
	s.pid, ok = holder(s.cmd.Process.Pid, found.inode)
	return ok
}

// alive reports whether the command still runs.
func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// freeze stops the process that listens (SIGSTOP), until thaw continues it. On a busy machine a thread
// may go on for a moment after the signal, and would see the first of the events that a check wants
// it to see together. So freeze waits until all threads have stopped.
func (s *server) freeze() {
	if s.pid == 0 {
		return
	}
	s.does(Stop)
	pause(s.pid)
	const sure = 5
	traced := 0 // looks in a row at which a tracer held all threads that weren't stopped
	within(time.Second, func() bool {
		all, held := stopped(s.pid)
		if traced++; !all {
			traced = 0
		}
		return all && !held || traced == sure
	})
}

func (s *server) thaw() {
	if s.pid != 0 {
		s.does(Continue)
		resume(s.pid)
	}
}

// kill ends all processes of the server without warning, and waits until the command has ended.
func (s *server) kill() {
	if s.alive() {
		s.does(Kill)
	}
	killGroup(s.cmd.Process.Pid)
	<-s.ended
}

// terminate sends the server a SIGTERM and reports whether it ended within grace.
func (s *server) terminate(grace time.Duration) bool {
	s.askToEnd()
	return s.endsWithin(grace)
}

// askToEnd sends the server a SIGTERM. A server that is stopped gets it when it continues.
func (s *server) askToEnd() {
	s.does(Terminate)
	terminateGroup(s.cmd.Process.Pid)
}

// endsWithin waits for the server's end, and reports whether it came within grace.
func (s *server) endsWithin(grace time.Duration) bool {
	select {
	case <-s.ended:
		return true
	case <-time.After(grace):
		return false
	}
}

// end ends all processes of the server and closes its log.
func (s *server) end() {
	if s.cmd != nil && s.cmd.Process != nil {
		if s.alive() {
			s.terminate(time.Second)
		}
		s.kill() // children may have outlived the command
	}
	s.watch.Dismiss()
	s.log.Close()
}

// lines returns how many lines the server has logged.
func (s *server) lines() int {
	about, err := s.log.Stat()
	if err != nil {
		return 0
	}
	text := make([]byte, about.Size())
	n, _ := s.log.ReadAt(text, 0)
	return bytes.Count(text[:n], []byte("\n"))
}

// lastOutput says how the server ended, and what it wrote last. It returns "" if the server still runs.
func (s *server) lastOutput() string {
	var b strings.Builder
	if s.cmd == nil || s.alive() {
		return ""
	}
	fmt.Fprintf(&b, "the server has ended: %v", s.cmd.ProcessState)
	if said := s.lastWords(); said != "" {
		fmt.Fprintf(&b, "; its last output: %s", said)
	}
	return b.String()
}

// crash is the first line of what a Go program writes when it crashes. The stacks of its goroutines follow.
var crash = regexp.MustCompile(`(?m)^(?:panic|fatal error): `)

// lastWords returns the end of the log, or the beginning of the last crash in it.
func (s *server) lastWords() string {
	const most = 400
	text := make([]byte, 64<<10)
	size, _ := s.log.Seek(0, io.SeekEnd)
	n, _ := s.log.ReadAt(text, max(0, size-int64(len(text))))
	text = text[:n]
	if all := crash.FindAllIndex(text, -1); all != nil {
		text = text[all[len(all)-1][0]:]
		text = text[:min(len(text), most)]
	}
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}
