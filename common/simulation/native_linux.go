package simulation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/processtest"
	"threeloops/common/sim"
)

// comparable are the counters that don't depend on when the loop wakes up. The others, such as the
// number of reads, depend on how many clients it finds when it does.
var comparable = []string{
	"accepted", "closed", "refused", "requests", "bad_requests", "upgrades", "messages_in", "messages_out", "pings",
	"violations", "bytes_in", "bytes_out", "sys_shutdown", "sys_close", "faults", "files", "memory_ended", "address_refused",
}

// GalleryOnLinux plays the gallery's examples for a server with real sockets. The test binary must be
// that server, too: see processtest.Main. At the end the counters of the server are those of the same
// server on the simulated kernel. Each example says in its file why it isn't played here, if it isn't.
func GalleryOnLinux(t *testing.T, server string) {
	program := buildSimulated(t, server)
	for _, e := range Examples(t) {
		if !e.meantFor(server) {
			continue
		}
		if e.SimulatedOnly != "" {
			t.Logf("%s is only simulated: %s", e.Name, e.SimulatedOnly)
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel() // each has a server of its own, and mostly waits
			want, diff := simulatedTotals(t, program, parse(t, e.Scenario)), ""
			for range 3 { // on a busy machine a client may be late
				if diff = cmp.Diff(want, nativeTotals(t, parse(t, e.Scenario))); diff == "" {
					return
				}
			}
			t.Errorf("counters of /stats (-simulated +Linux):\n%s", diff)
		})
	}
}

// buildSimulated builds a server that plays a scenario from its standard input.
func buildSimulated(t *testing.T, server string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), server)
	build := exec.Command("go", "build", "-tags=sim", "-o", path, "threeloops/"+server)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	// The go command notes which files a test looks at. If one of them changes, the test's cached
	// result is of no use. It knows all other sources without that.
	sources, _ := filepath.Glob("../common/sys/*_sim.go")
	for _, path := range sources {
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

const statsRequest = "GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n"

// simulatedTotals plays the scenario on the simulated kernel. One more client asks for the counters.
func simulatedTotals(t *testing.T, program string, s *sim.Scenario) map[string]int {
	t.Helper()
	last := s.Actions[len(s.Actions)-1].At + settling
	cmd := exec.Command(program)
	cmd.Stdin = strings.NewReader(fmt.Sprintf("%sat %v Z connects\nat %v Z sends %q\n", s, last, last, statsRequest))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	_, got, _ := bytes.Cut(out, []byte("\nZ got "))
	quoted, err := strconv.QuotedPrefix(string(got))
	if err != nil {
		t.Fatalf("the client that asks for /stats got %.200q: %v", got, err)
	}
	response, _ := strconv.Unquote(quoted)
	return readTotals(t, strings.NewReader(response))
}

// nativeTotals plays the scenario on a server of its own, and asks it for its counters when it has
// neither a client nor a child.
func nativeTotals(t *testing.T, s *sim.Scenario) map[string]int {
	t.Helper()
	p := processtest.Launch(t, s.Flags...)
	defer p.Stop()
	idle := p.Descriptors()
	w := &realWorld{t: t, p: p, clients: map[string]*realClient{}}
	defer w.close()
	w.play(s)
	for end := time.Now().Add(20 * time.Second); p.Descriptors() != idle || len(p.Children()) > 0; {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors and %d children are left, want %d and none", p.Descriptors(), len(p.Children()), idle)
		}
		time.Sleep(5 * time.Millisecond)
	}
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(statsRequest)); err != nil {
		t.Fatal(err)
	}
	return readTotals(t, c)
}

// readTotals reads a response to statsRequest. It returns the counters that can be compared.
func readTotals(t *testing.T, in io.Reader) map[string]int {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(in), nil)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("/stats: %v, %v", r, err)
	}
	var stats struct{ Totals map[string]int }
	if err := json.NewDecoder(r.Body).Decode(&stats); err != nil {
		t.Fatalf("/stats: %v", err)
	}
	for _, name := range comparable {
		if _, ok := stats.Totals[name]; !ok {
			t.Fatalf("/stats has no counter %s", name)
		}
	}
	for name := range stats.Totals {
		if !slices.Contains(comparable, name) {
			delete(stats.Totals, name)
		}
	}
	return stats.Totals
}
