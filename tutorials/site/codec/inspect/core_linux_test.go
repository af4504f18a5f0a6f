package inspect

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"threeloops/common/conformance/inmemory"
	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// shortTraces are the texts of the conformance traces that are short enough, by their names.
var shortTraces = sync.OnceValues(func() (map[string]string, error) {
	files, err := filepath.Glob("../../../../common/conformance/traces/*.trace")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tr, err := tracetest.Parse(file, string(text))
		if err != nil {
			return nil, err
		}
		if len(tr.Sent()) <= Most {
			all[tr.Name] = string(text)
		}
	}
	return all, nil
})

func traces(t testing.TB) map[string]string {
	t.Helper()
	all, err := shortTraces()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 500 {
		t.Fatalf("want at least 500 traces that are short enough, got %d", len(all))
	}
	return all
}

// TestACutOfATraceChangesNothing cuts the bytes of each conformance trace.
func TestACutOfATraceChangesNothing(t *testing.T) {
	random := 3
	if testing.Short() {
		random = 1
	}
	for name, text := range traces(t) {
		if strings.Contains(text, "{") || strings.Contains(text, "\nstall") || strings.Contains(text, "?stream") {
			continue // it sends what it has got, or gets what depends on its reads or on the cuts
		}
		t.Run(name, func(t *testing.T) {
			sameHowever(t, Request{Form: "trace", Text: text, Direction: "client", Protocol: "http", Deflate: "on"}, random)
		})
	}
}

// TestTheCoreIsThatOfTheConformanceTests: the expectations of each trace are met here too, and the
// page shows all that the core answers.
func TestTheCoreIsThatOfTheConformanceTests(t *testing.T) {
	for name, text := range traces(t) {
		in, err := parseTrace(text)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := inmemory.NewConfig(in.flags, nil)
		if err != nil {
			t.Fatal(err)
		}
		result := inspect(t, Request{Form: "trace", Text: text, Direction: "client", Protocol: "http", Deflate: "on"})
		if v := result.Trace; v == nil || v.Why != "" || v.Title == "" {
			t.Errorf("%s: want the trace to hold, got %+v", name, v)
		}
		got, _ := answered(result)
		if want := played(cfg, in); want != got {
			t.Errorf("%s: want the answer %q, got %q", name, want, got)
		}
	}
}

// played returns what a core with this Config sends.
func played(cfg *session.Config, in input) (all string) {
	loop := tracetest.NewLoop(cfg)
	peer := loop.Connect()
	at, fin := 0, false
	read := func() {
		all += string(peer.Read())
		if peer.Ended() && !fin {
			fin, all = true, all+"FIN"
		}
	}
	write := func(to int) {
		if to > at {
			peer.Write(append([]byte(nil), in.bytes[at:to]...))
			at = to
			read()
		}
	}
	for _, m := range in.marks {
		write(m.at)
		(&core{loop: loop, peer: peer}).happen(m)
		read()
	}
	write(len(in.bytes))
	return all
}
