package processtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// secret lies outside of the root, and must never be seen.
const secret = "this lies outside of the root"

// newRoot makes a root with everything in it that a server might stumble over.
func newRoot(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	must(t, os.MkdirAll(filepath.Join(root, "dir"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "secret"), []byte(secret), 0o644))
	must(t, os.WriteFile(filepath.Join(root, "small"), []byte("a small file\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(root, ".env"), []byte(secret), 0o644))
	must(t, os.MkdirAll(filepath.Join(root, ".well-known"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, ".well-known", "security.txt"), []byte("Contact: ann\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(root, "large"), nil, 0o644))
	must(t, os.Truncate(filepath.Join(root, "large"), largeFile))
	must(t, unix.Mkfifo(filepath.Join(root, "pipe"), 0o644))
	for name, to := range map[string]string{
		"absolute": filepath.Join(dir, "secret"),
		"upwards":  "../secret",
		"dir/up":   "../../secret",
		"outside":  "..",
		"loop":     "loop",
		"inside":   "dir/../small",
		"memory":   "/dev/zero",
		"magic":    "/proc/self/root",
	} {
		must(t, os.Symlink(to, filepath.Join(root, name)))
	}
	return root
}

// largeFile is the size of the file large, far above what sockets hold.
const largeFile = 64 << 20

func staysBelowRoot(t *testing.T) {
	p := Launch(t, "-root="+newRoot(t))
	p.CheckHealthz()
	before := p.AwaitIdle()
	for _, tt := range []struct {
		path   string
		status int
	}{
		{"/small", 200}, {"/inside", 200}, {"/", 200},
		{"/pipe", 403}, {"/dir", 301}, {"/dir/", 404}, {"/nothing", 404}, {"/small/", 404}, {"/small/x", 404},
		{"/absolute", 403}, {"/upwards", 403}, {"/dir/up", 403}, {"/outside", 403}, {"/outside/secret", 403},
		{"/loop", 403}, {"/memory", 403}, {"/magic/etc/passwd", 403},
		{"/../secret", 404}, {"/dir/../../secret", 404}, {"/%2e%2e/secret", 404}, {"/.%2E/secret", 404},
		{"/..%2fsecret", 400}, {"/dir%2f..%2f..%2fsecret", 400}, {"/small%00", 400}, {`/..\secret`, 404},
		{"/.env", 404}, {"/%2Eenv", 404}, {"/dir/../.env", 404}, {"/.well-known", 301}, {"/.well-known/security.txt", 200},
		{"//secret", 404}, {"/./small", 200}, {"/dir/../small", 200},
	} {
		c, err := dial(p.Addr)
		must(t, err)
		r, err := c.get(tt.path)
		must(t, err)
		c.Close()
		if r.status != tt.status || string(r.body) == secret {
			t.Errorf("GET %s: got %d, %q, want %d", tt.path, r.status, r.body, tt.status)
		}
	}
	p.CheckIdle(before)
}

// sendsOneSegment counts the segments in which the replies to requests for a
// small file arrive, as the client's kernel does.
func sendsOneSegment(t *testing.T) {
	const replies = 50
	root := newRoot(t)
	for _, more := range []bool{true, false} {
		p := Launch(t, "-root="+root, fmt.Sprintf("-more=%v", more))
		c, err := dial(p.Addr)
		must(t, err)
		before := c.segments(t)
		for range replies {
			r, err := c.get("/small")
			must(t, err)
			must(t, equal("body", string(r.body), "a small file\n"))
		}
		n := c.segments(t) - before
		t.Logf("-more=%v: %.2f segments for each response with a file", more, float64(n)/replies)
		if more && n != replies {
			t.Errorf("segments of %d replies with a file: got %d, want as many", replies, n)
		}
		if !more && n <= replies {
			t.Errorf("segments of %d replies without MSG_MORE: got %d, want more", replies, n)
		}
		c.Close()
	}
}

// segments is how many segments with data have come.
func (c *client) segments(t testing.TB) (n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	must(t, err)
	must(t, raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Data_segs_in)
		}
	}))
	must(t, err)
	return n
}
