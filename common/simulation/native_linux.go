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
			want := simulatedTotals(t, program, parse(t, e.Scenario))
			play := func() (map[string]int, error) { return nativeTotals(t, parse(t, e.Scenario)) }
			if diff := differsThrice(want, play); diff != "" {
				t.Errorf("counters of /stats (-simulated +Linux):\n%s", diff)
			}
		})
	}
}

// differsThrice plays three times, because on a busy machine a client may be late, and returns how the last
// time differs from what is wanted. It is empty as soon as one time is right.
func differsThrice(want map[string]int, play func() (map[string]int, error)) (diff string) {
	for range 3 {
		got, err := play()
		if err != nil {
			diff = err.Error()
		} else if diff = cmp.Diff(want, got); diff == "" {
			return ""
		}
	}
	return diff
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
	totals, err := readTotals(strings.NewReader(response))
	if err != nil {
		t.Fatal(err)
	}
	return totals
}

// nativeTotals plays the scenario on a server of its own, and asks it for its counters when it has
// neither a client nor a child.
func nativeTotals(t *testing.T, s *sim.Scenario) (map[string]int, error) {
	t.Helper()
	p := processtest.Launch(t, s.Flags...)
	defer p.Stop()
	idle := p.Descriptors()
	w := &realWorld{t: t, p: p, clients: map[string]*realClient{}}
	defer w.close()
	w.play(s)
	for end := time.Now().Add(20 * time.Second); p.Descriptors() != idle || len(p.Children()) > 0; {
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d descriptors and %d children are left, want %d and none", p.Descriptors(), len(p.Children()), idle)
		}
		time.Sleep(5 * time.Millisecond)
	}
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(statsRequest)); err != nil {
		return nil, err
	}
	return readTotals(c)
}

// readTotals reads a response to statsRequest. It returns the counters that can be compared.
func readTotals(in io.Reader) (map[string]int, error) {
	r, err := http.ReadResponse(bufio.NewReader(in), nil)
	if err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("/stats: status %s", r.Status)
	}
	var stats struct{ Totals map[string]int }
	if err := json.NewDecoder(r.Body).Decode(&stats); err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	for _, name := range comparable {
		if _, ok := stats.Totals[name]; !ok {
			return nil, fmt.Errorf("/stats has no counter %s", name)
		}
	}
	for name := range stats.Totals {
		if !slices.Contains(comparable, name) {
			delete(stats.Totals, name)
		}
	}
	return stats.Totals, nil
}
