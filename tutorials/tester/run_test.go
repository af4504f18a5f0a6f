package tester

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAWrongRequestToTheTesterIsExplained(t *testing.T) {
	for _, c := range []struct {
		about string
		o     Options
		want  string
	}{
		{"no server", Options{}, "either -server COMMAND or -addr"},
		{"two servers", Options{Server: "true", Addr: "127.0.0.1:1"}, "either -server COMMAND or -addr"},
		{
			"an unknown kind", Options{Addr: "127.0.0.1:1", Kinds: []string{"ftp"}},
			`no kind of server is called "ftp"`,
		},
		{
			"no such chapter", Options{Addr: "127.0.0.1:1", Kinds: []string{"line"}, First: 50, Last: 60},
			"no check fits",
		},
		{
			"a command that ends at once",
			Options{Server: "echo ouch; true", Kinds: []string{"line"}, First: 1, Last: 9},
			"the server ended before it listened",
		},
	} {
		c.o.Patience = time.Second
		_, err := Run(t.Context(), c.o, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want one that says %q", c.about, err, c.want)
		}
	}
}

// Where nobody listens every check that can be made fails, and says so.
func TestAServerThatIsNotThereFails(t *testing.T) {
	var out bytes.Buffer
	results, err := Run(t.Context(), Options{
		Addr: "127.0.0.1:1", Kinds: []string{"line"}, First: 1, Last: 99, Patience: time.Second,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Verdict == OK {
			t.Errorf("%s is ok", r.Check)
		}
	}
	if !strings.Contains(out.String(), "came      a refusal: nobody listens there") {
		t.Errorf("the symptom isn't named:\n%s", &out)
	}
}

func TestTheTableIsSound(t *testing.T) {
	for i, c := range checks {
		for _, k := range strings.Fields(c.kinds) {
			if kinds[k] == nil {
				t.Errorf("%s: there is no kind %q", c.name, k)
			}
			for _, name := range c.after {
				before := slices.ContainsFunc(checks[:i], func(b check) bool {
					return b.name == name && slices.Contains(strings.Fields(b.kinds), k)
				})
				if !before && !(name == "terminator" && k == "line") {
					t.Errorf("%s builds on %s, which no earlier row has for kind %s", c.name, name, k)
				}
			}
		}
	}
}
