package command

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// labStatus is what ready.json says.
type labStatus struct {
	Ready bool
	Why   string
}

// withLab returns the environment of a launcher that builds the lab, with an empty cache. Go keeps its own
// cache, so that it needn't compile the standard library.
func withLab(t *testing.T) []string {
	t.Helper()
	gocache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return []string{labEnv + "=on", "XDG_CACHE_HOME=" + t.TempDir(), "GOCACHE=" + strings.TrimSpace(string(gocache))}
}

func labAt(t *testing.T, url string) (s labStatus) {
	t.Helper()
	if err := json.Unmarshal([]byte(get(t, url+"/lab/ready.json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// The servers run while the lab is built. Then they send its programs as they are: the page opens
// them itself, and no server must open them for it.
func TestTheLabIsBuiltBesideTheServers(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	cmd := self("-base", "0")
	cmd.Env = append(cmd.Env, withLab(t)...)
	l := start(t, cmd)
	if s := labAt(t, l.urls["pollserv"]); s.Ready || !strings.Contains(s.Why, "built") {
		t.Errorf("when the servers are ready, the page says %+v, want that its programs are being built", s)
	}
	for end := time.Now().Add(5 * time.Minute); !labAt(t, l.urls["epollserv"]).Ready; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after five minutes the page says %+v", labAt(t, l.urls["epollserv"]))
		}
	}
	for _, url := range l.urls {
		checkCompressed(t, url+"/lab/forkserv.wasm.gz")
	}
}

// checkCompressed checks that a program is sent as a compressed file, and isn't opened on the way.
func checkCompressed(t *testing.T, url string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" || resp.Uncompressed {
		t.Fatalf("%s: %s, header %v", url, resp.Status, resp.Header)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	magic := make([]byte, 4)
	if _, err := io.ReadFull(z, magic); err != nil || string(magic) != "\x00asm" {
		t.Errorf("%s begins with %q (%v)", url, magic, err)
	}
}

func TestTheLabCanBeTurnedOff(t *testing.T) {
	url := servers(t)["pollserv"]
	time.Sleep(100 * time.Millisecond)
	want := "The programs of this page aren't built, because go run ./tutorials was started with THREELOOPS_LAB=off."
	if s := labAt(t, url); s.Ready || s.Why != want {
		t.Errorf("the page says %+v, want %q", s, want)
	}
}

// A launcher that ends while it builds leaves no process and no file.
func TestTheLabEndsWithTheLauncher(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	temp := t.TempDir()
	cmd := self("-base", "0")
	cmd.Env = append(cmd.Env, append(withLab(t), "TMPDIR="+temp)...)
	l := start(t, cmd)
	for !strings.Contains(labAt(t, l.urls["pollserv"]).Why, "forkserv (1 of ") {
		time.Sleep(5 * time.Millisecond)
	}
	ended := time.Now()
	cmd.Process.Signal(syscall.SIGTERM)
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	if l.err != nil || l.countLines("tutorials: ")["tutorials: "] != 0 {
		t.Errorf("the launcher ended with %v; its output:\n%s", l.err, &l.errs)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("these files are left: %v", left)
	}
	if took := time.Since(ended); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
}

// What is built in the background has a low priority, and nothing else has.
func TestLowPriority(t *testing.T) {
	nice := need(t, "nice")
	priority := func() string {
		out, err := exec.Command(nice).Output()
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSpace(string(out))
	}
	before := priority()
	said := make(chan string)
	go func() {
		lowPriority()
		said <- priority()
	}()
	n, err := strconv.Atoi(<-said)
	if err != nil || n < niceness {
		t.Errorf("a process that is started then has the niceness %d (%v), want %d", n, err, niceness)
	}
	if after := priority(); after != before {
		t.Errorf("another goroutine's process has the niceness %s, want %s as before", after, before)
	}
}
