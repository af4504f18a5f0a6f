package conformance

import (
	"os/exec"
	"testing"
)

// rootProcesses are tests of what a server needs of its surroundings: system calls that do what
// they are there for, and the directory of -root.
func rootProcesses() []process {
	return []process{
		{"no errno of a wait or an accept ends a server", survivesErrnos},
	}
}

// survivesErrnos has waits fail with an errno that they should never have, and accept4(2) with one
// of a client that is gone. The waits are those of poll: strace can't tell epollserv's
// epoll_pwait(2) from the Go runtime's own.
func survivesErrnos(t *testing.T) {
	if err := exec.Command("strace", "-D", "-o", "/dev/null", "true").Run(); err != nil {
		unavailable(t, "strace, which makes system calls fail", err)
	}
	p := launch(t, []string{"strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=poll,ppoll,accept4",
		"-e", "inject=poll,ppoll:error=EPERM:when=5+5", "-e", "inject=accept4:error=ENETDOWN:when=3+3"}, nil)
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	for range 30 {
		must(t, c.echo([]byte("still there")))
		p.Healthy()
	}
}
