//go:build linux && !sim

package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threeloops/common/sys"
)

// serveVariable in the environment makes the test binary the program.
const serveVariable = "MISTAKES_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) != "" {
		sys.Main(run)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The mistakes are shown on the simulated kernel, by tests with the tag sim.
func TestOnTheSimulatedKernel(t *testing.T) {
	const root = "../../../.."
	for _, dir := range []string{"common/sim", "common/sys", "common/simulation/gallery"} { // go test notes what a test looks at
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "test", "-tags=sim", ".").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBuildsForThePage(t *testing.T) {
	build := exec.Command("go", "build", "-o", filepath.Join(t.TempDir(), "mistakes.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// start starts the program on Linux, and connects a client.
func start(t *testing.T, flags ...string) *net.TCPConn {
	t.Helper()
	cmd := exec.Command(os.Args[0], append(flags, "-port=0")...)
	cmd.Env = append(os.Environ(), serveVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	var addr, said string
	if _, err2 := fmt.Sscanf(line, "mistakes: listening on %s with %s", &addr, &said); err != nil || err2 != nil {
		t.Fatalf("got %q, %v, %v", line, err, err2)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// gets fails unless these bytes come next.
func gets(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if n, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("got %q, %v, want %q", b[:n], err, want)
	}
}

// getsNothing fails if anything comes within a moment.
func getsNothing(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := c.Read(make([]byte, 10)); !os.IsTimeout(err) {
		t.Fatalf("got %d bytes, %v, want silence", n, err)
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
}

// Linux does what the simulated kernel does: the edge, and six bytes left.
func TestAnEdgeOnLinux(t *testing.T) {
	c := start(t, "-mistake=edge", "-buffer=10")
	io.WriteString(c, "sixteen letters.")
	gets(t, c, "sixteen le")
	getsNothing(t, c)
	io.WriteString(c, "more")
	gets(t, c, "tters.more")
	c = start(t, "-mistake=none", "-buffer=10")
	io.WriteString(c, "sixteen letters.")
	gets(t, c, "sixteen letters.")
}

// Linux does what the simulated kernel does: the FIN comes when the helper program has ended.
func TestAHeldDescriptorOnLinux(t *testing.T) {
	for _, tt := range []struct {
		mistake string
		held    bool
	}{{"held", true}, {"none", false}} {
		c := start(t, "-mistake="+tt.mistake)
		io.WriteString(c, "!")
		gets(t, c, "started\n")
		began := time.Now()
		n, err := c.Read(make([]byte, 1))
		if took := time.Since(began); n != 0 || err != io.EOF || (took > helperTime/2) != tt.held {
			t.Errorf("-mistake=%s: got %d bytes and %v after %v, want the end, held: %v", tt.mistake, n, err, took, tt.held)
		}
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-mistake=all"}, {"-buffer=0"}, {"-most=x"}, {"-color"}} {
		if _, err := parse(args); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want an error in one line", args, err)
		}
	}
}
