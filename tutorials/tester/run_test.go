package tester

import (
	"bytes"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUnusableOptionsAreExplained(t *testing.T) {
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
			"no check has that chapter",
		},
		{
			"no such check", Options{Addr: "127.0.0.1:1", Kinds: []string{"line"}, Only: []string{"ftp"}, First: 1, Last: 9},
			`no check is called "ftp"`,
		},
		{
			"a check of another chapter", Options{Addr: "127.0.0.1:1", Only: []string{"stall"}, First: 1, Last: 7},
			"no check has that chapter",
		},
		{"no address", Options{Addr: "here", First: 1, Last: 9}, "-addr takes HOST:PORT, like 127.0.0.1:9000, and not"},
		{"no port", Options{Addr: "127.0.0.1:0", First: 1, Last: 9}, "-addr takes HOST:PORT"},
		{
			"no server listens", Options{Addr: "127.0.0.1:1", First: 1, Last: 9},
			"nobody listens on 127.0.0.1:1: start your server first",
		},
		{
			"a command that ends immediately",
			Options{Server: "echo ouch; true", Kinds: []string{"line"}, First: 1, Last: 9},
			"the server has ended: exit status 0; its last output: ouch",
		},
	} {
		c.o.Patience = time.Second
		_, err := Run(t.Context(), c.o, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want one that contains %q", c.about, err, c.want)
		}
	}
}

// The server ends as soon as it has listened, so no check may pass.
func TestAServerThatEndsEarlyFails(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		if c, err := ln.Accept(); err == nil { // the tester connects once, to find out whether a server listens
			c.Close()
		}
		ln.Close()
	}()
	var out bytes.Buffer
	var begun []string
	results, err := Run(t.Context(), Options{
		Addr: ln.Addr().String(), Kinds: []string{"line"}, Last: 99, Patience: time.Second,
		Begin: func(what string) { <-left; begun = append(begun, what) },
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Verdict == OK {
			t.Errorf("check %s passes, although the server has ended", r.Check)
		}
	}
	if want := "got       connection refused: no process listens"; !strings.Contains(out.String(), want) {
		t.Errorf("the output doesn't contain %q:\n%s", want, &out)
	}
	if len(begun) != len(results) || begun[0] != "answer (line)" {
		t.Errorf("%d checks ran, but Begin was called for %d: %q", len(results), len(begun), begun)
	}
}

// A check may belong to a chapter that isn't written yet. Then the chapter is in planned.
func TestChaptersOfTheTableExistOrArePlanned(t *testing.T) {
	for _, c := range checks {
		found, err := filepath.Glob(fmt.Sprintf("../chapters/%02d-*/chapter.md", c.chapter))
		if err != nil {
			t.Fatal(err)
		}
		switch written, marked := len(found) == 1, slices.Contains(planned, c.chapter); {
		case written && marked:
			t.Errorf("check %s: chapter %d is written: take it out of planned", c.name, c.chapter)
		case !written && !marked:
			t.Errorf("check %s: there is no chapter %d: add it to planned", c.name, c.chapter)
		}
	}
	for _, n := range planned {
		if !slices.ContainsFunc(checks, func(c check) bool { return c.chapter == n }) {
			t.Errorf("planned contains chapter %d, but no check belongs to it", n)
		}
	}
}

func TestEveryCheckHasARule(t *testing.T) {
	names := map[string]bool{}
	for _, c := range checks {
		names[c.name] = true
		if rules[c.name] == "" {
			t.Errorf("check %s has no text in rules", c.name)
		}
	}
	for name := range rules {
		if !names[name] {
			t.Errorf("rules has a text for %s, which no check is called", name)
		}
	}
}

func TestChecksBuildOnEarlierChecks(t *testing.T) {
	for i, c := range checks {
		for _, k := range strings.Fields(c.kinds) {
			if kinds[k] == nil {
				t.Errorf("check %s: there is no kind %q", c.name, k)
			}
			for _, name := range c.after {
				before := slices.ContainsFunc(checks[:i], func(b check) bool {
					return b.name == name && slices.Contains(strings.Fields(b.kinds), k)
				})
				if !before && !(name == "terminator" && k == "line") {
					t.Errorf("check %s builds on %s, but no earlier row has that check for kind %s", c.name, name, k)
				}
			}
		}
	}
}

// RFC 6455 5.5.1: an endpoint that answers a Close "typically echos the status code". It doesn't have to.
func TestACloseInResponseNeedNotRepeatTheCode(t *testing.T) {
	for code, want := range map[int]bool{1000: true, 1005: true, 1001: false, 1002: false, 1011: false} {
		if normal(code) != want {
			t.Errorf("a Close with code %d in response to a normal Close: accepted: %v, want %v", code, !want, want)
		}
	}
}
