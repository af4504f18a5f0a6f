package command

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var link = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

func TestSite(t *testing.T) {
	dir := t.TempDir()
	if err := writeSite(dir, []string{"127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003"}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "site", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	chapter, err := os.ReadFile(filepath.Join(dir, "site", "chapters", "08-reactor.html"))
	if err != nil || !bytes.Contains(chapter, []byte("http://127.0.0.1:1003/stats")) {
		t.Errorf("the commands of a chapter don't have the ports of the servers: %v", err)
	}
	var got []string
	for _, m := range link.FindAllSubmatch(page, -1) {
		got = append(got, string(m[1]))
	}
	want := []string{
		"/_/icon.svg", "/_/style.css", "/front.css", "/page.js", "/reading.js",
		"#main", "/", "/_/icon.svg", "/chapters/", "/glossary.html", "/source/", "/source/loops.html",
		"/_/echo", "/_/chat", "/_/isolation", "/_/history", "/stats",
		"/chapters/01-one-at-a-time.html", "/chapters/",
		"http://127.0.0.1:1001/_/echo", "http://127.0.0.1:1001/_/chat",
		"http://127.0.0.1:1002/_/echo", "http://127.0.0.1:1002/_/chat",
		"http://127.0.0.1:1003/_/echo", "http://127.0.0.1:1003/_/chat",
		"/_/isolation", "/chapters/", "/lab.html", "/codec.html", "/glossary.html", "/source/", "/source/loops.html",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the front page must link to its parts and the pages of the three servers (-want +got):\n%s", d)
	}

	servers, err := os.ReadFile(filepath.Join(dir, "site", "servers.json"))
	if err != nil {
		t.Fatal(err)
	}
	const where = `{"epollserv":"http://127.0.0.1:1003","forkserv":"http://127.0.0.1:1001",` +
		`"pollserv":"http://127.0.0.1:1002"}`
	if d := cmp.Diff(where, string(servers)); d != "" {
		t.Errorf("servers.json must have the servers' addresses (-want +got):\n%s", d)
	}

	list, err := os.ReadFile(filepath.Join(dir, "origins"))
	if err != nil {
		t.Fatal(err)
	}
	const origins = "6\n" +
		"http://127.0.0.1:1001\nhttp://localhost:1001\n" +
		"http://127.0.0.1:1002\nhttp://localhost:1002\n" +
		"http://127.0.0.1:1003\nhttp://localhost:1003\n"
	if d := cmp.Diff(origins, string(list)); d != "" {
		t.Errorf("the file origins must have a count, and then two names for each server (-want +got):\n%s", d)
	}
}

// busyPort returns a port that is in use until the test ends.
func busyPort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().(*net.TCPAddr).Port
}

func TestFreeAddrs(t *testing.T) {
	busy := busyPort(t)
	want := "port " + strconv.Itoa(busy) + " is in use: end the program that listens there, or choose other " +
		"ports with -base (-base 0: any free ports)"
	if _, err := freeAddrs(busy, 1); err == nil || err.Error() != want {
		t.Errorf("a port in use gives the error %q, want %q", err, want)
	}

	addrs, err := freeAddrs(0, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(addrs) != 3 || addrs[0] == addrs[1] || addrs[1] == addrs[2] || addrs[0] == addrs[2] {
		t.Errorf("base 0 must give three different addresses, got %v", addrs)
	}
}
