package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rows returns what list prints in that environment, by name.
func rows(t *testing.T, env ...string) map[string]row {
	t.Helper()
	cmd := command("list")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]row{}
	for line := range strings.Lines(string(out)) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[r.Name] = r
	}
	if len(all) != len(baselines) {
		t.Fatalf("there are %d baselines, but list names %d", len(baselines), len(all))
	}
	return all
}

func TestListNamesWhatIsMissing(t *testing.T) {
	for name, r := range rows(t, "PATH=/nowhere", "XDG_CACHE_HOME="+t.TempDir()) {
		want := ""
		switch {
		case strings.HasPrefix(name, "nginx"):
			want = "no nginx: apt-get install nginx"
		case name == "floor-fork-go":
			want = "no Go compiler in PATH"
		case strings.HasPrefix(name, "floor-"), name == "wslay":
			want = "no C compiler: apt-get install gcc libc6-dev"
		}
		if r.Unavailable != want {
			t.Errorf("without programs the reason for %s is %q, want %q", name, r.Unavailable, want)
		}
	}
}

func TestListSaysWhyTheCompilerGaveUp(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\n" +
		"echo 'In file x' >&2\n" +
		"echo 'x.c:3: fatal error: wslay/wslay.h: No such file' >&2\n" +
		"exit 1\n"
	if err := os.WriteFile(filepath.Join(dir, "cc"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	all := rows(t, "PATH="+dir+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+t.TempDir())
	want := "can't be compiled (apt-get install gcc libc6-dev libwslay-dev): " +
		"x.c:3: fatal error: wslay/wslay.h: No such file"
	if got := all["wslay"].Unavailable; got != want {
		t.Errorf("the reason for wslay is %q, want %q", got, want)
	}
}

func TestCompilesOnceAndLeavesNothingElse(t *testing.T) {
	switch _, err := compiler(); {
	case err != nil && os.Getenv("THREELOOPS_REQUIRE") == "all":
		t.Fatalf("%v, and THREELOOPS_REQUIRE=all", err)
	case err != nil:
		t.Skip(err)
	}
	home := t.TempDir()
	var before os.FileInfo
	for range 2 {
		if r := rows(t, "XDG_CACHE_HOME="+home)["floor-epoll"]; r.Unavailable != "" {
			t.Fatal(r.Unavailable)
		}
		found, _ := filepath.Glob(filepath.Join(home, "threeloops-baselines", "floor-epoll-*"))
		if len(found) != 1 {
			t.Fatalf("the cache has %q, want one floor-epoll", found)
		}
		now, err := os.Stat(found[0])
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && !os.SameFile(before, now) {
			t.Error("a program in the cache is compiled again")
		}
		before = now
	}
	if left, _ := filepath.Glob(filepath.Join(home, "threeloops-baselines", "compile-*")); left != nil {
		t.Errorf("compiling leaves the files %q", left)
	}
}

func TestDispatch(t *testing.T) {
	for _, c := range []struct {
		about string
		args  []string
		want  int
	}{
		{"help is no error", []string{"help"}, 0},
		{"a baseline's help is no error", []string{"serve", "gws", "-help"}, 0},
		{"no command is a usage error", nil, 2},
		{"an unknown command is a usage error", []string{"frobnicate"}, 2},
		{"an unknown baseline is a usage error", []string{"serve", "gnet"}, 2},
		{"a negative size is a usage error", []string{"serve", "gws", "-size", "-1"}, 2},
		{"files from a baseline that serves none are a failure", []string{"serve", "gws", "-root", "."}, 1},
		{"a missing root is a failure", []string{"serve", "net-http", "-root", "/nowhere"}, 1},
		{"-defer-accept without the floor is a failure", []string{"serve", "net-http", "-defer-accept"}, 1},
		{"an impossible port is a failure", []string{"serve", "net-http", "-addr", "127.0.0.1:99999"}, 1},
	} {
		if got := dispatch(c.args); got != c.want {
			t.Errorf("%s: %q gives status %d, want %d", c.about, c.args, got, c.want)
		}
	}
}
