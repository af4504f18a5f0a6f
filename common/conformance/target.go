package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/processtest"
	"threeloops/common/sim"
	"threeloops/common/tracetest"
)

// Target is what the table is played against.
type Target struct {
	Name  string
	Flags []string // flags of each server, before a trace's own
	// Few plays fewer cuts of each trace, for a server whose connections are expensive. The others have
	// the same parser and session, and test these with all cuts.
	Few bool
	// Start starts a server with these flags, on a port of its own choice,
	// and stops it when the test is over. Nil: the core in memory, or a simulated server.
	Start func(t testing.TB, flags ...string) *Server
	// Main is the main function of a server that runs on a simulated kernel. Nil: the core, or a
	// server that Start starts.
	Main func()
}

// Server is a server that has been started.
type Server struct {
	Addr string // host and port
	Pid  int
	Stop func() // ends the server with SIGTERM, and fails the test if it doesn't end; may be called again
}

// unhurried gives a header a minute instead of 10 seconds. On a busy machine a peer that sends byte by
// byte, next to fifty busy ones, needs that.
const unhurried = "-head-timeout=1m"

// Core is the protocol core in memory, without a server.
func Core() Target { return Target{Name: "core"} }

// Exec is the server that this test binary is (see processtest.Main). Each server started
// has flags before those of the trace, which count then.
func Exec(name string, flags ...string) Target {
	return Target{Name: name, Flags: flags, Start: func(t testing.TB, more ...string) *Server {
		p := processtest.Launch(t, slices.Concat([]string{unhurried}, flags, more)...)
		return &Server{Addr: p.Addr, Pid: p.Pid, Stop: p.Stop}
	}}
}

// Simulated is a server on a simulated kernel. The test must be built with the tag sim. Each server
// started has flags before those of the trace, which count then.
func Simulated(name string, main func(), flags ...string) Target {
	return Target{Name: name, Flags: flags, Main: main}
}

// simulate returns the function that plays a trace against a simulated server with the trace's flags.
func (target *Target) simulate(traceFlags []string) play {
	var flags []string
	files := map[string][]byte{}
	for i, flag := range slices.Concat(target.Flags, traceFlags) {
		if name, entries, ok := inmemory.SplitList(flag); ok {
			path := "/list" + strconv.Itoa(i)
			files[path] = listText(entries)
			flag = name + "=" + path
		}
		flags = append(flags, flag)
	}
	return tracetest.Simulated{Main: target.Main, Name: target.Name, Flags: flags, Prepare: func(k *sim.Kernel) {
		for path, text := range files {
			k.WriteFile(path, text)
		}
	}}.Play
}

// listText is the text of a file with a list: the number of entries, then one a line.
func listText(entries []string) []byte {
	return fmt.Appendf(nil, "%d\n%s\n", len(entries), strings.Join(entries, "\n"))
}

// writeLists replaces lists by the files that they stand for.
func writeLists(t testing.TB, flags []string) []string {
	var all []string
	for i, flag := range flags {
		if name, entries, ok := inmemory.SplitList(flag); ok {
			file := filepath.Join(t.TempDir(), strconv.Itoa(i))
			if err := os.WriteFile(file, listText(entries), 0o600); err != nil {
				t.Fatal(err)
			}
			flag = name + "=" + file
		}
		all = append(all, flag)
	}
	return all
}
