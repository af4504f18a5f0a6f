package processtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// rootProcesses are tests of what a server needs of its surroundings: system calls that do what
// they are there for, and the directory of -root.
func (target Target) rootProcesses() []process {
	return []process{
		{"an unexpected errno of a wait or an accept doesn't end the server", survivesErrnos},
		{"a request for a named pipe doesn't wake its writer", leavesPipesAlone},
		{"a file is sent even if sendfile(2) fails", sendsWithoutSendfile},
		{"a failing openat2(2) is named, with the likely reasons", target.namesRefusedCall},
		{"where unshare(2) is refused, the server serves", target.servesWithoutUnshare},
		{"without /dev or /proc the server serves, or says what it needs", target.startsInBareRoot},
		{"a server with too few descriptors for a client doesn't start", target.refusesTooFewFiles},
		{"files named by an inherited descriptor are read, whatever its number", servesInherited},
		{"on loopback the Host is checked even after /etc/hosts changes", remembersLoopback},
		{"kick ends a slow download within the close timeout", kicksDownload},
		{"a rebuilt root, and a root that links to a new release, are followed", followsRoot},
	}
}

// survivesErrnos has waits fail with an errno that they should never have, and accept4(2) with one
// of a client that is gone. The waits are those of poll: strace can't tell epollserv's
// epoll_pwait(2) from the Go runtime's own.
func survivesErrnos(t *testing.T) {
	p := launch(t, failing(t, "poll,ppoll,accept4", "poll,ppoll:error=EPERM:when=5+5", "accept4:error=ENETDOWN:when=3+3"), nil)
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	for range 30 {
		must(t, c.echo([]byte("still there")))
		p.CheckHealthz()
	}
}

// failing is a wrapper that makes system calls fail: injected are strace's expressions.
func failing(t *testing.T, calls string, injected ...string) []string {
	t.Helper()
	if err := exec.Command("strace", "-D", "-o", "/dev/null", "true").Run(); err != nil {
		unavailable(t, "strace, which makes system calls fail", err)
	}
	wrapper := []string{"strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls}
	for _, i := range injected {
		wrapper = append(wrapper, "-e", "inject="+i)
	}
	return wrapper
}

// sendsWithoutSendfile asks for a file where sendfile(2) fails as it does on some file systems.
func sendsWithoutSendfile(t *testing.T) {
	root := t.TempDir()
	text := lettersOf(1 << 20)
	must(t, os.WriteFile(filepath.Join(root, "large.txt"), text, 0o644))
	p := launch(t, failing(t, "sendfile", "sendfile:error=EINVAL"), []string{"-root=" + root})
	must(t, p.sends("large.txt", string(text)))
}

// leavesPipesAlone asks for a named pipe, and for a file whose compressed sibling would be one.
// A process waits to write to each.
func leavesPipesAlone(t *testing.T) {
	root, _, c := filed(t)
	put(t, filepath.Join(root, "x.css"), []byte("a{}"), time.Now())
	for _, tt := range []struct {
		path, pipe string
		status     int
	}{{"/queue", "queue", 403}, {"/x.css", "x.css.gz", 200}} {
		pipe := filepath.Join(root, tt.pipe)
		must(t, unix.Mkfifo(pipe, 0o644))
		writer := exec.Command("/bin/sh", "-c", `exec 3>"$0"`, pipe)
		must(t, writer.Start())
		ended := make(chan error, 1)
		go func() { ended <- writer.Wait() }()
		time.Sleep(100 * time.Millisecond) // until it waits
		r, err := c.get(tt.path, "Accept-Encoding: gzip")
		must(t, errors.Join(err, equal("status of "+tt.path, r.status, tt.status)))
		select {
		case err := <-ended:
			t.Errorf("%s: the writer goes on, though nobody reads: %v", tt.path, err)
		case <-time.After(100 * time.Millisecond):
			f, err := os.OpenFile(pipe, os.O_RDONLY|unix.O_NONBLOCK, 0)
			must(t, err)
			must(t, <-ended)
			f.Close()
		}
	}
}

// followsRoot removes the directory of -root and makes another, as a site generator does, and
// then has a link lead to one release after the other. All three servers look once a second.
func followsRoot(t *testing.T) {
	base := t.TempDir()
	site, link := filepath.Join(base, "site"), filepath.Join(base, "current")
	build := func(dir, text string) {
		must(t, os.Mkdir(dir, 0o755))
		setFile(t, filepath.Join(dir, "page.txt"), text)
	}
	build(site, "one")
	built := Launch(t, "-root="+site)
	must(t, built.sends("page.txt", "one"))
	must(t, os.RemoveAll(site))
	build(site, "two")

	for _, release := range []string{"r1", "r2"} {
		build(filepath.Join(base, release), release)
	}
	must(t, os.Symlink("r1", link))
	linked := Launch(t, "-root="+link)
	must(t, linked.sends("page.txt", "r1"))
	c, err := dial(linked.Addr) // stays: its child is as old as its connection
	must(t, err)
	defer c.Close()
	_, err = c.get("/page.txt")
	must(t, errors.Join(err, os.Symlink("r2", link+".new"), os.Rename(link+".new", link)))

	time.Sleep(1100 * time.Millisecond)
	for range 5 {
		must(t, errors.Join(built.sends("page.txt", "two"), linked.sends("page.txt", "r2")))
	}
	r, err := c.get("/page.txt")
	must(t, errors.Join(err, equal("page of a connection that was there", string(r.body), "r2")))
}

// sends asks for a file, on a connection of its own.
func (p *Process) sends(name, text string) error {
	c, err := dial(p.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.get("/" + name)
	return errors.Join(err, equal("text of "+name, string(r.body), text))
}

// kicksDownload has the operator close a connection whose client reads a large file slowly: it
// would take a quarter of an hour. What the server's socket holds goes with it.
func kicksDownload(t *testing.T) {
	root := t.TempDir()
	must(t, os.WriteFile(filepath.Join(root, "large"), lettersOf(largeFile), 0o644))
	o := operate(t, "-console", "-root="+root, "-close-timeout=1s")
	c, err := dialNarrow(o.Addr)
	must(t, err)
	defer c.Close()
	must(t, c.ask("/large", "Connection: close"))
	read := func(most time.Duration) (n int, err error) {
		p := make([]byte, 4<<10)
		for end := time.Now().Add(most); err == nil && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			var k int
			k, err = c.Read(p)
			n += k
		}
		return n, err
	}
	_, err = read(500 * time.Millisecond)
	must(t, err)
	o.types("kickall")
	begin := time.Now()
	n, err := read(testTimeout)
	if took := time.Since(begin); err == nil || took > 10*time.Second {
		t.Errorf("after kick: got %d bytes in %v, and then %v; want an end after about a second", n, took, err)
	}
	if !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("the download ends with %v, want a reset", err)
	}
}

// remembersLoopback gives the server a private /etc/hosts, by a name in which it listens, and
// takes the name out of it. A page elsewhere that points its own name at 127.0.0.1 must still
// be refused.
func remembersLoopback(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "hosts")
	setFile(t, hosts, "127.0.0.1 localhost\n127.0.0.1 devbox\n")
	p := launch(t, mounted(t, "mount --bind "+hosts+" /etc/hosts"), []string{"-addr=devbox:0"})
	refused := func(when string) {
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		_, err = fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n")
		must(t, err)
		r, err := c.answer()
		must(t, errors.Join(err, equal("status for another Host "+when, r.status, 403)))
	}
	refused("at first")
	setFile(t, hosts, "127.0.0.1 localhost\n")
	refused("when the name is gone")
}

// mounted is a wrapper that runs a shell's command in a mount namespace of its own.
func mounted(t *testing.T, command string) []string {
	t.Helper()
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		unavailable(t, "unshare -m, which takes root", err)
	}
	return []string{"unshare", "-m", "/bin/sh", "-c", command + ` && exec "$@"`, "sh"}
}

// namesRefusedCall has openat2(2) fail as sandboxes make it fail.
func (target Target) namesRefusedCall(t *testing.T) {
	for errno, why := range map[string]string{
		"ENOSYS": "function not implemented: the server needs Linux 5\\.6 or later, and a sandbox that allows openat2 .*",
		"EPERM":  "operation not permitted: a sandbox refuses openat2, .*",
	} {
		root := t.TempDir()
		p := prepare(t, failing(t, "openat2", "openat2:error="+errno), []string{"-addr=127.0.0.1:0", "-root=" + root})
		target.complains(p, 2, "-root: openat2 "+regexp.QuoteMeta(root)+": "+why)
	}
}

// servesWithoutUnshare refuses the loops their own descriptor tables, as some containers do. The loops
// must share a table and serve.
func (target Target) servesWithoutUnshare(t *testing.T) {
	p := launch(t, failing(t, "unshare", "unshare:error=EPERM"), nil)
	p.CheckHealthz()
	warned := strings.Contains(p.Log(), "the loops share one limit of open files")
	must(t, equal("warning that the loops share a limit", warned, target.loops() > 1))
}

// startsInBareRoot hides /dev, and then /proc, as in a chroot that has neither.
func (target Target) startsInBareRoot(t *testing.T) {
	root := t.TempDir()
	must(t, os.WriteFile(filepath.Join(root, "page.txt"), []byte("bare"), 0o644))
	p := launch(t, mounted(t, "mount -t tmpfs none /dev"), []string{"-root=" + root})
	must(t, p.sends("page.txt", "bare"))
	without := mounted(t, "mount -t tmpfs none /proc")
	if target.Name == "forkserv" {
		p := prepare(t, without, []string{"-addr=127.0.0.1:0"})
		target.complains(p, 1, "stat /proc/self/exe: no such file or directory: .* /proc must be mounted")
		return
	}
	p = launch(t, without, []string{"-root=" + root})
	must(t, p.sends("page.txt", "bare"))
}

// refusesTooFewFiles starts a server with more and more descriptors. It must either serve a
// client or end with one line that says what is missing. How many it needs depends on the
// machine: Go's runtime keeps the files open in which a control group names its share of the
// processors. So the server is started both with these files and without them.
func (target Target) refusesTooFewFiles(t *testing.T) {
	for _, godebug := range []string{"containermaxprocs=1", "containermaxprocs=0"} {
		limited := func(files int) []string {
			return []string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d && GODEBUG=%s exec "$@"`, files, godebug), "sh"}
		}
		needed := target.descriptorsNeeded(t, limited)
		p := launch(t, limited(needed+1), nil) // one more for the lifeline
		c, err := dial(p.Addr)
		must(t, err)
		r, err := c.get("/healthz")
		must(t, errors.Join(err, equal("status with just enough descriptors", r.status, 200)))
		c.Close()
	}
}

// descriptorsNeeded is how many descriptors the server says it needs. With fewer it must not start.
func (target Target) descriptorsNeeded(t *testing.T, limited func(files int) []string) int {
	const fewest, most = 8, 64 // with fewer, Go's runtime doesn't start
	named := regexp.MustCompile(`and (\d+) are needed to serve one client`)
	needed := most
	for files := fewest; files < needed; files++ {
		p := prepare(t, limited(files), []string{"-addr=127.0.0.1:0"})
		target.complains(p, 1, fmt.Sprintf("the limit of open files is %d, .*ulimit -n", files))
		if found := named.FindStringSubmatch(p.Log()); found != nil {
			needed, _ = strconv.Atoi(found[1]) // digits
		}
	}
	must(t, equal("server that says how many descriptors it needs", needed < most, true))
	return needed
}

// servesInherited gives the server its root, its list of hosts and its lifeline by descriptors, as
// systemd's OpenFile= and a shell's 5<DIRECTORY do. forkserv's children have descriptors of their
// own under the numbers 3 to 9. The lifeline is descriptor 3 at first.
func servesInherited(t *testing.T) {
	root, hosts := t.TempDir(), filepath.Join(t.TempDir(), "hosts")
	must(t, os.WriteFile(filepath.Join(root, "page.txt"), []byte("inherited"), 0o644))
	setFile(t, hosts, "1\nlocalhost\n")
	for dir := 3; dir <= 9; dir++ {
		list, line := 3+(dir-2)%7, 3+(dir-1)%7
		wrapper := []string{"/bin/sh", "-c",
			fmt.Sprintf(`exec %d<&3 %d<"$0" %d<"$1"; shift; exec "$@"`, line, dir, list), root, hosts}
		p := prepare(t, wrapper, []string{"-addr=127.0.0.1:0", fmt.Sprintf("-root=/proc/self/fd/%d", dir),
			fmt.Sprintf("-hosts=/proc/self/fd/%d", list), fmt.Sprintf("-lifeline=%d", line)})
		p.start(nil)
		must(t, p.sends("page.txt", "inherited"))
	}
}
