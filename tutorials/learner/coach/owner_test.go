//go:build linux

package coach

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// connected returns both ends of a connection; client is the end that connected.
func connected(t *testing.T) (client, us net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp4", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if us, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); us.Close() })
	return client, us
}

// dial6 connects an IPv6 socket to an IPv4 address.
func dial6(t *testing.T, to netip.AddrPort) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Connect(fd, &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}); err != nil {
		t.Fatal(err)
	}
}

func TestTheOwnerOfAConnectionIsFound(t *testing.T) {
	_, us := connected(t)
	if uid, err := owner(addrPort(us.RemoteAddr()), addrPort(us.LocalAddr())); uid != os.Getuid() || err != nil {
		t.Errorf("our own connection belongs to user %d, %v; want %d", uid, err, os.Getuid())
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dial6(t, addrPort(ln.Addr()))
	if us, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	defer us.Close()
	if uid, err := owner(addrPort(us.RemoteAddr()), addrPort(us.LocalAddr())); uid != os.Getuid() || err != nil {
		t.Errorf("our own connection through an IPv6 socket belongs to user %d, %v; want %d", uid, err, os.Getuid())
	}
}

// The kernel shows a closed socket as root's. So another user could send a request, close the
// socket, and pass for root.
func TestAClosedConnectionHasNoOwner(t *testing.T) {
	client, us := connected(t)
	client.Close()
	uid, err := owner(addrPort(us.RemoteAddr()), addrPort(us.LocalAddr()))
	if !errors.Is(err, errNoOwner) {
		t.Errorf("a connection that its client has closed belongs to user %d, %v; want no owner", uid, err)
	}
	if uid, err := owner(addrPort(us.LocalAddr()), addrPort(us.LocalAddr())); !errors.Is(err, errNoOwner) {
		t.Errorf("a connection that doesn't exist belongs to user %d, %v; want no owner", uid, err)
	}
}

func TestWhatTheTableSays(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	client, us := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:8000")
	for about, c := range map[string]struct {
		line string
		uid  int
		none bool
	}{
		"the connection": {"0: %[1]s:9C40 %[1]s:1F40 01 0:0 00:0 0 1234 0 77 1", 1234, false},
		"its other end":  {"0: %[1]s:1F40 %[1]s:9C40 01 0:0 00:0 0 1234 0 77 1", 0, true},
		"a closed one":   {"0: %[1]s:9C40 %[1]s:1F40 04 0:0 00:0 0 0 0 0 1", 0, true},
		"another port":   {"0: %[1]s:9C40 %[1]s:1F41 01 0:0 00:0 0 1234 0 77 1", 0, true},
		"a short line":   {"0: %[1]s:9C40 %[1]s:1F40 01", 0, true},
		"no address":     {"0: 7F:9C40 %[1]s:1F40 01 0:0 00:0 0 1234 0 77 1", 0, true},
	} {
		name := filepath.Join(t.TempDir(), "tcp")
		if err := os.WriteFile(name, []byte(head+fmt.Sprintf(c.line, hexHere)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		uid, err := ownerIn(name, client, us)
		if uid != c.uid || errors.Is(err, errNoOwner) != c.none {
			t.Errorf("%s belongs to user %d, %v; want %d", about, uid, err, c.uid)
		}
	}
}

// hexHere is 127.0.0.1 as this machine's kernel prints it.
var hexHere = func() string {
	for _, s := range []string{"0100007F", "7F000001"} {
		if parseAddr(s+":0001").Addr() == netip.MustParseAddr("127.0.0.1") {
			return s
		}
	}
	return "no byte order"
}()

// nobody is a user who runs no coach.
const nobody = 65534

func TestAnotherUserIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	curl, err := exec.LookPath("curl")
	switch {
	case err != nil && os.Getenv("THREELOOPS_REQUIRE") == "all":
		t.Fatalf("%v, and THREELOOPS_REQUIRE=all", err)
	case err != nil:
		t.Skip("there is no curl to run as another user")
	}
	a := newCoach(t, "127.0.0.1:8002")
	for _, c := range []struct {
		uid  uint32
		want string
	}{
		{nobody, "403 the coach obeys only the user who started it, not user 65534"}, {0, "200 {}"},
	} {
		for _, args := range [][]string{
			{"-s", "-w", "\n%{http_code}", a.url + "/predictions"},
			{"-s", "-w", "\n%{http_code}", "-H", "Origin: " + page, "-H", "Coach-Secret: " + a.secret,
				"-d", `{"name":"1.backlog","choice":"` + fmt.Sprint(c.uid) + `"}`, a.url + "/predictions"},
		} {
			cmd := exec.Command(curl, args...)
			cmd.Dir = "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.uid}}
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("curl as user %d: %v", c.uid, err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			status, text := lines[len(lines)-1], lines[0]
			got, want := status+" "+text, c.want
			if c.uid == 0 && len(args) > 4 {
				got, want = status, "204"
			}
			if got != want {
				t.Errorf("a request of user %d gets %q, want %q", c.uid, got, want)
			}
		}
	}
	if got := a.o.Progress.Predictions(); len(got) != 1 || got["1.backlog"] != "0" {
		t.Errorf("user %d has saved predictions: %v", nobody, got)
	}
}
