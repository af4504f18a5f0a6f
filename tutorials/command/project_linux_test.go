package command

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// builtSolution builds a solution in Go, and returns the command that starts it.
func builtSolution(t *testing.T, root, project string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), project)
	source := "./tutorials/projects/" + project + "/solutions/goroutines"
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, source)
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	return program + " -addr {addr}"
}

// A reader reads a specification, sees checks fail, finishes the server, and then sees our solutions.
func TestAProjectFromSpecificationToSolutions(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	good, bad := builtSolution(t, root, "1-line-server"), builtSolution(t, root, "2-page-server")
	room := builtSolution(t, root, "3-room-server")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"project", "3", "-check", "answer,order", "-server", room}, 0, "2 ok, 0 failed, 0 left out\n\nTo make all"},
		{[]string{"project"}, 0, "Project 1, after chapter 5: a line server that survives its clients (not judged yet)\n"},
		{[]string{"project", "1"}, 0, "What isn't asked\n"},
		{[]string{"project", "1"}, 0, "    go run ./tutorials project 1 -server 'python3 my.py {port}'\n"},
		{[]string{"project", "1", "-solutions"}, 1, "are for readers whose own server is finished"},
		{[]string{"project", "1", "-server", bad}, 1, "Begin with the first check that failed, answer"},
		{[]string{"project", "1", "-server", bad}, 1, " trace -kind line -check answer -server '" + bad + "'\n"},
		{[]string{"project"}, 0, "(1 of 16 checks passed the last time)\n"},
		{[]string{"project", "1", "-solutions"}, 1, "are for readers whose own server is finished"},
		{[]string{"project", "1", "-solutions", "-anyway"}, 0, "1-line-server/solutions/poll/server.c ("},
		{[]string{"project", "1", "-check", "answer,reset", "-server", good}, 0, "2 ok, 0 failed, 0 left out\n\nTo make all"},
		{[]string{"project", "1", "-server", good}, 0, "16 ok, 0 failed, 0 left out\n\nYour server is finished"},
		{[]string{"project", "1", "-solutions"}, 0, "* Where a connection's state lives\n  * goroutines (Go): in the local"},
		{[]string{"project"}, 0, "that survives its clients (finished)\n"},
		{[]string{"project", "1", "-server", bad}, 1, "1 ok, 1 failed, 14 left out"},
		{[]string{"project", "1", "-solutions"}, 0, "1-line-server/solutions/asyncio/server.py ("},
	} {
		status, out := runIn(t, root, c.args...)
		if status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("%q: status %d, want %d and %q in:\n%s", c.args, status, c.status, c.want, out)
		}
	}
}

func TestAWrongCallOfProjectIsAnsweredByOneLine(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"one", 2, `a project has a number, not the name "one": go run ./tutorials project 1`},
		{"4", 1, "there is no project 4; “go run ./tutorials project” lists the projects"},
		{"1 2", 2, `project takes fewer words, and can't use "2"`},
		{"-solutions", 2, "name a project by its number"},
		{"-server x", 2, "name a project by its number"},
		{"1 -anyway", 2, "-anyway belongs to -solutions: project N -solutions -anyway"},
		{"1 -solutions -server x", 2, "give only one of these flags"},
		{"1 -check answer", 2, "-check needs a server to judge: add -server COMMAND"},
		{"1 -check stall -server x", 1, `project 1 has no check "stall"`},
		{"1 -patience 0s -server x", 2, "must be more than 0, like 10s"},
		{"1 -frobnicate", 2, "project: flag provided but not defined: -frobnicate"},
	} {
		status, out := runIn(t, root, append([]string{"project"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.HasPrefix(out, "tutorials: ") || !strings.Contains(out, c.want) ||
			strings.Count(out, "\n") != 1 {
			t.Errorf("project %s: status %d, want %d and one line with %q, got:\n%s", c.args, status, c.status, c.want, out)
		}
	}
}
