package project

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"threeloops/tutorials/tester"
)

// need returns the path of a program. If the program is missing, need skips the test, or fails it if
// the environment has THREELOOPS_REQUIRE=all.
func need(t *testing.T, program string) string {
	t.Helper()
	found, err := exec.LookPath(program)
	switch {
	case err == nil:
		return found
	case os.Getenv("THREELOOPS_REQUIRE") == "all":
		t.Fatal(program + " is not installed, and THREELOOPS_REQUIRE=all")
	}
	t.Skip(program + " is not installed")
	return ""
}

// start returns the command that starts a solution. It builds the solution if its language needs that.
func start(t *testing.T, s Solution) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join(repository, s.Path))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "server")
	switch filepath.Ext(source) {
	case ".go":
		run(t, "go", "build", "-buildvcs=false", "-o", program, filepath.Dir(source))
		return program + " -addr {addr}"
	case ".c":
		run(t, need(t, "gcc"), "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source)
		return program + " {port}"
	}
	return need(t, "python3") + " " + source + " {port}"
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if said, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
}

// Each solution passes all checks of its project, and none is left out.
func TestTheSolutionsPass(t *testing.T) {
	room := make(chan struct{}, 3) // solutions that are tested at the same time: mostly they wait
	var all sync.WaitGroup
	defer all.Wait()
	for _, p := range load(t) {
		solutions, err := p.Solutions()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range solutions {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(p.Kind+"/"+s.Name, func(t *testing.T) { prove(t, p, s) })
			})
		}
	}
}

func prove(t *testing.T, p *Project, s Solution) {
	results, err := tester.Run(t.Context(), tester.Options{
		Server: start(t, s), Kinds: []string{p.Kind}, Last: p.After, Only: p.Names(), Path: "/", WSPath: "/",
		Patience: 10 * time.Second, Wait: 30 * time.Second,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(p.Checks) {
		t.Errorf("%d results for %d checks", len(results), len(p.Checks))
	}
	for _, r := range results {
		if r.Verdict != tester.OK {
			t.Errorf("%s: %s: %s", r.Check, r.Verdict, r.Why)
		}
	}
}

// A blank before a colon must not hide a body: otherwise the body could be read as a request that a proxy
// in front of the server has never seen (RFC 9112 5.1).
func TestTheWebServersSeeAHiddenBody(t *testing.T) {
	for _, p := range load(t) {
		solutions, err := p.Solutions()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range solutions {
			if p.Kind != "http" {
				continue
			}
			t.Run(s.Name, func(t *testing.T) {
				addr := serve(t, start(t, s))
				for _, field := range []string{"Content-Length : 31", "Content-Length\t: 31", "Transfer-Encoding : chunked"} {
					if got := answers(t, addr, field); got != 0 {
						t.Errorf("%q: %d answers to a request with a body", field, got)
					}
				}
			})
		}
	}
}

// serve starts a server, and ends it after the test. It returns the server's address.
func serve(t *testing.T, command string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = ln.Addr().String()
	ln.Close()
	_, port, _ := net.SplitHostPort(addr)
	args := strings.Fields(strings.NewReplacer("{addr}", addr, "{port}", port).Replace(command))
	server := exec.Command(args[0], args[1:]...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	for range 300 {
		if c, err := net.Dial("tcp4", addr); err == nil {
			c.Close()
			return addr
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the server doesn't listen")
	return ""
}

// answers sends a request with this field and a body, and counts the answers until the server closes.
func answers(t *testing.T, addr, field string) int {
	t.Helper()
	c, err := net.Dial("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: me\r\n"+field+"\r\n\r\nGET / HTTP/1.1\r\nHost: other\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(2 * time.Second)) // a server that sees no body waits for more requests
	got, _ := io.ReadAll(c)
	return strings.Count(string(got), "HTTP/1.1 200")
}
