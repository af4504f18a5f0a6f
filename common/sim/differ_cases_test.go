//go:build linux

package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// written is a written case: a fact about the kernel, where it is stated, and the calls that show it.
type written struct {
	fact   string
	source string // a chapter or a manual page
	at     string // file and line
	steps  []step
	lines  []int // of the steps
}

// readCases reads a file of cases. A case is a line "# FACT", a line "@ SOURCE", and its steps. An
// empty line ends it.
func readCases(path string) (all []written, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c *written
	for i, line := range strings.Split(string(text), "\n") {
		switch at := fmt.Sprintf("%s:%d", filepath.Base(path), i+1); {
		case strings.TrimSpace(line) == "":
			c = nil
		case strings.HasPrefix(line, "# ") && c == nil:
			all = append(all, written{fact: line[2:], at: at})
			c = &all[len(all)-1]
		case c == nil:
			return nil, fmt.Errorf("%s: want # and a fact", at)
		case strings.HasPrefix(line, "@ "):
			c.source = line[2:]
		default:
			steps, err := parseStep(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
			for _, s := range steps {
				c.steps, c.lines = append(c.steps, s), append(c.lines, i+1)
			}
		}
	}
	return all, nil
}

func allCases(t testing.TB) (all []written) {
	paths, err := filepath.Glob("testdata/facts/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		cases, err := readCases(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cases...)
	}
	return all
}

// quiet are the calls that need no expectation: they succeed.
func quiet(call string) bool {
	switch call {
	case "socket", "socket6", "v6only", "pair", "eventfd", "epoll", "dup", "dup3", "close", "bind", "listen", "connect", "accept",
		"shutdown", "linger0", "nodelay", "cork", "reuseaddr", "reuseport", "deferaccept", "limit", "ctl",
		"thread", "in", "unshare", "end":
		return true
	}
	return false
}

// wrong compares outcomes with what a case states. The outcomes are those of one machine.
func (c *written) wrong(outcomes []string) (line int, problem string) {
	numbers := map[string]string{} // what the names stand for: #NUMBER
	for i, s := range c.steps {
		if i >= len(outcomes) {
			break // a call before has panicked
		}
		got, want := outcomes[i], s.want
		switch {
		case want == "" && quiet(s.call):
			if got != "ok" && got[0] != '#' {
				return c.lines[i], fmt.Sprintf("%s returns %s, want success", s, got)
			}
		case numbers[want] != "" && got[0] == '#': // the new descriptor has the number of an old name
			if got != numbers[want] {
				return c.lines[i], fmt.Sprintf("%s: got number %s, want %s", s, got, numbers[want])
			}
		default:
			if !matches(got, want) {
				return c.lines[i], fmt.Sprintf("%s: got %s", s, got)
			}
		}
		opened := numbersIn(strings.Fields(got))
		for j, name := range s.names {
			if j < len(opened) {
				numbers[name] = opened[j]
			}
		}
	}
	if extra := outcomes[len(c.steps):]; len(extra) > 0 {
		return c.lines[0], extra[0]
	}
	return 0, ""
}

// matches compares an outcome with an expectation, which needn't have the checksum of long data or
// the numbers of descriptors that were received.
func matches(got, want string) bool {
	var words []string
	for _, w := range strings.Fields(got) {
		if w[0] == '#' {
			w = "#"
		}
		words = append(words, w)
	}
	got = strings.Join(words, " ")
	n, _, long := strings.Cut(got, " sum ")
	return got == want || long && n == want
}

func numbersIn(words []string) (all []string) {
	for _, w := range words {
		if w[0] == '#' {
			all = append(all, w)
		}
	}
	return all
}

// Each fact holds on both kernels.
func TestWrittenCases(t *testing.T) {
	for _, c := range allCases(t) {
		t.Run(c.at, func(t *testing.T) {
			if c.source == "" {
				t.Errorf("%s has no source: write @ and a chapter or a manual page", c.at)
			}
			if slices.ContainsFunc(c.steps, func(s step) bool { return s.call == "socket6" }) && !hasIPv6() {
				t.Skip("this machine has no address ::1")
			}
			if threaded(c.steps) {
				needUnshare(t)
			}
			onLinux(func(l *linux) {
				line, problem := c.wrong(onReal(l, c.steps))
				for tries := 1; line != 0 && tries < 3; tries++ {
					time.Sleep(patience) // as insist does
					line, problem = c.wrong(onReal(l, c.steps))
				}
				if line != 0 {
					t.Errorf("line %d: Linux contradicts %q\n%s", line, c.fact, problem)
				}
			})
			if line, problem := c.wrong(onSim(c.steps)); line != 0 {
				t.Errorf("line %d: sim contradicts %q\n%s", line, c.fact, problem)
			}
		})
	}
}

const leastCases = 150

func hasIPv6() (has bool) {
	onLinux(func(l *linux) {
		fd, err := l.Socket(sim.AF_INET6, sim.SOCK_STREAM, 0)
		if err == nil {
			has = l.Bind(fd, &sim.SockaddrInet6{Addr: [16]byte{15: 1}}) == nil
			l.Close(fd)
		}
	})
	return has
}

// The table has the number of cases that it must have, and no fact twice.
func TestCasesAreDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, c := range allCases(t) {
		if before := seen[c.fact]; before != "" {
			t.Errorf("%s and %s state the same: %s", before, c.at, c.fact)
		}
		seen[c.fact] = c.at
		if last := c.steps[len(c.steps)-1]; last.want == "" && !strings.Contains(c.fact, "succeed") {
			t.Errorf("%s: the last step expects nothing", c.at)
		}
	}
	if len(seen) < leastCases {
		t.Errorf("%d cases, want at least %d", len(seen), leastCases)
	}
}
