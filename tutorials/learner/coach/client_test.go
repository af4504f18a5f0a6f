//go:build linux

package coach

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/markdown"
)

var models = []string{"forkserv", "pollserv", "epollserv"}

// startServers builds our three servers and starts them with short deadlines. It returns their
// addresses by name.
func startServers(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-buildvcs=false", "-o", dir}
	for _, m := range models {
		args = append(args, "./"+m)
	}
	build := exec.Command("go", args...)
	build.Dir = "../../.."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	// The clients request a page so large that the kernel can't buffer the responses.
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "index.html"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	addrs := make(map[string]string)
	for _, m := range models {
		cmd := exec.Command(filepath.Join(dir, m), "-addr", "127.0.0.1:0", "-root", root, "-log", "error",
			"-head-timeout", "2s", "-write-timeout", "2s")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		first, _ := bufio.NewReader(out).ReadString('\n')
		var pid int
		if _, err := fmt.Sscanf(first, m+": listening on http://%s (pid %d)", &addrIn{addrs, m}, &pid); err != nil {
			t.Fatalf("%s prints %q: %v", m, first, err)
		}
	}
	return addrs
}

// addrIn is a scan destination that writes into a map.
type addrIn struct {
	addrs map[string]string
	name  string
}

func (a *addrIn) Scan(s fmt.ScanState, _ rune) error {
	word, err := s.Token(true, nil)
	a.addrs[a.name] = string(word)
	return err
}

// open returns how many connections a server has, without ours.
func open(t *testing.T, addr string) int {
	t.Helper()
	answer, err := http.Get("http://" + addr + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var stats struct{ Connections int }
	if err := json.NewDecoder(answer.Body).Decode(&stats); err != nil {
		t.Fatal(err)
	}
	return stats.Connections - 1
}

// list returns the clients that the pages show.
func (a asked) list() []view {
	a.Helper()
	_, text := a.ask("GET", "/clients", page, "", "")
	var all []view
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		a.Fatalf("%v in %s", err, text)
	}
	return all
}

func TestWhatOurServersDoToBadClients(t *testing.T) {
	addrs := startServers(t)
	for _, model := range models {
		a := newCoach(t, "127.0.0.1:8002")
		a.of[page] = Server{model, addrs[model]}
		for _, kind := range []string{"half", "silent", "reset", "unread", "drip"} {
			a.post("/clients", `{"kind":"`+kind+`"}`)
		}
		eventually(t, model+" has the connections of the clients", func() bool { return open(t, addrs[model]) >= 4 })
		for _, v := range a.list() {
			if v.Server != model || v.Live && !strings.HasPrefix(v.State, "open for ") {
				t.Errorf("a living client of %s is shown as %+v", model, v)
			}
		}
		var all []view
		eventually(t, model+" has no connection any more", func() bool {
			all = a.list()
			for _, v := range all {
				if v.Live {
					return false
				}
			}
			return true
		})
		for i, want := range []struct{ state, sent, got string }{
			{`closed by the server after \d+\.\d s: HTTP/1.1 408 Request Timeout`, "22", "[1-9].*"},
			{`closed by the server after \d+\.\d s, without a response`, "0", "0"},
			{`reset by the client after \d+\.\d s`, "22", "0"},
			{`reset by the server after \d+\.\d s, without a response`, `\d{4,}`, "0"},
			{`closed by the server after \d+\.\d s: HTTP/1.1 408 Request Timeout`, `\d\d?`, "[1-9].*"},
		} {
			v := all[i]
			for _, c := range [][2]string{
				{want.state, v.State}, {want.sent, fmt.Sprint(v.Sent)}, {want.got, fmt.Sprint(v.Got)},
			} {
				if !regexp.MustCompile("^(" + c[0] + ")$").MatchString(c[1]) {
					t.Errorf("%s and a client of kind %s: %q, want %s (%+v)", model, v.Kind, c[1], c[0], v)
				}
			}
		}
		eventually(t, model+" has closed all connections", func() bool { return open(t, addrs[model]) == 0 })
	}
}

func TestAPageHasAButtonForEachKind(t *testing.T) {
	var buttons []string
	for _, k := range markdown.ClientKinds {
		buttons = append(buttons, k.Name)
	}
	slices.Sort(buttons)
	if d := cmp.Diff(slices.Sorted(maps.Keys(plays)), buttons); d != "" {
		t.Errorf("the coach and the chapters must know the same kinds of clients (-coach +chapters):\n%s", d)
	}
}

// mute listens, and sends nothing to its clients.
func mute(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func TestClientsAreFewAndLeaveWhenTold(t *testing.T) {
	ln := mute(t)
	a := newCoach(t, "127.0.0.1:8002")
	a.of[page] = Server{"pollserv", ln.Addr().String()}
	for i := range mostClients {
		if got, want := a.post("/clients", `{"kind":"silent"}`), fmt.Sprintf("{\"id\":%d}\n", i+1); got != want {
			t.Errorf("client %d is %s, want %s", i+1, got, want)
		}
	}
	if got, text := a.ask("POST", "/clients", page, "", `{"kind":"half"}`); got.StatusCode != 429 ||
		!strings.Contains(text, "20 clients are already connected") {
		t.Errorf("one client too many gets %s: %s", got.Status, text)
	}
	// Each client that leaves makes room for a new one. The coach remembers the last clients that
	// left.
	for id := 1; id <= 30; id++ {
		a.post(fmt.Sprintf("/clients/%d/close", id), "")
		eventually(t, "the client has left", func() bool { return live(a.list()) == mostClients-1 })
		a.post("/clients", `{"kind":"silent"}`)
	}
	all := a.list()
	if len(all) > 2*mostClients+1 || live(all) != mostClients || all[len(all)-1].ID != 50 {
		t.Errorf("the coach knows %d clients, of which %d live: %+v", len(all), live(all), all)
	}
	if v := all[0]; !strings.HasSuffix(v.State, " s, because you closed it") {
		t.Errorf("a client that was told to leave is shown as %+v", v)
	}
}

func live(all []view) (n int) {
	for _, v := range all {
		if v.Live {
			n++
		}
	}
	return n
}

func TestAClientsMinuteIsOver(t *testing.T) {
	ln := mute(t)
	var group sync.WaitGroup
	for kind, play := range plays {
		if kind == "reset" {
			continue // this client ends by itself before its time is over
		}
		group.Go(func() {
			c := &client{kind: kind, server: Server{"pollserv", ln.Addr().String()}, begun: time.Now()}
			ctx, done := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errLeft)
			defer done()
			c.run(ctx, play)
			left := regexp.MustCompile(`^left after \d+\.\d s, because its minute was over$`)
			if v := c.view(); v.Live || !left.MatchString(v.State) {
				t.Errorf("%s: %+v", kind, v)
			}
		})
	}
	group.Wait()
}

func TestAServerThatIsNotThereOrLeavesAtOnce(t *testing.T) {
	ln := mute(t)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "\xff go away\r\nnow")
			c.Close()
		}
	}()
	play := func(kind string) view {
		c := &client{kind: kind, server: Server{"pollserv", ln.Addr().String()}, begun: time.Now()}
		c.run(t.Context(), plays[kind])
		return c.view()
	}
	if v := play("silent"); !strings.HasSuffix(v.State, "s: \uFFFD go away") || v.Got != 14 {
		t.Errorf("the first line of a response must be shown as valid text: %+v", v)
	}
	if v := play("unread"); !strings.Contains(v.State, "by the server after ") || v.Got != 0 {
		t.Errorf("a client that doesn't read must notice the end too: %+v", v)
	}
	ln.Close()
	if v := play("half"); !strings.HasPrefix(v.State, "could not connect (") {
		t.Errorf("without a server: %+v", v)
	}
}
