//go:build !sim

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"threeloops/common/processtest"
)

// At shutdown more clients are in the backlog than the parent can keep descriptors of.
func TestAShutdownAcceptsALongBacklog(t *testing.T) {
	p := processtest.Launch(t, "-grace=60s")
	p.Signal(syscall.SIGSTOP)
	var all []*client
	for range 4 * maxKeptFDs {
		c := dial(t, p)
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		all = append(all, c)
	}
	p.Signal(syscall.SIGTERM)
	p.Signal(syscall.SIGCONT)
	for i, c := range all {
		r, err := http.ReadResponse(c.in, nil)
		if err != nil || r.StatusCode != 200 {
			t.Fatalf("client %d: %v, want 200", i, err)
		}
		c.Close()
	}
	if code := p.Wait(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
}

// A client that has taken over its child can use all descriptors that the child was started with.
func TestAChildCantTruncateTheBoardOrChangeAList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "origins")
	if err := os.WriteFile(file, []byte("1\nhttp://one.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := processtest.Launch(t, "-origins="+file)
	_, pid := serves(t, p)
	for name, fd := range map[string]int{"board": boardFD, "hosts": 6, "origins": 7} {
		path := fmt.Sprintf("/proc/%d/fd/%d", pid, fd)
		if link, _ := os.Readlink(path); !strings.Contains(link, "memfd:"+name) {
			t.Fatalf("descriptor %d is %s, want the %s", fd, link, name)
		}
		if err := os.Truncate(path, 0); err == nil {
			t.Errorf("the %s could be truncated, want an error", name)
		}
		if name == "board" {
			continue
		}
		if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			if _, err = f.Write([]byte("9")); err == nil {
				t.Errorf("the %s could be written to, want an error", name)
			}
			f.Close()
		}
	}
	p.CheckHealthz()
}

// A child that was taken over can write anything on the board, in other slots too.
func TestTheParentTrustsNothingOnTheBoard(t *testing.T) {
	p := newRoom(t, 3)
	p.byPID = map[int]*childProc{}
	for _, c := range p.all {
		p.byPID[c.pid] = c
	}
	for i := range p.board {
		for j := range p.board[i] {
			p.board[i][j] = ^uint64(0) >> (j % 3)
		}
	}
	for _, c := range p.all {
		p.client(c)
	}
	p.board.Open()
	for len(p.all) > 0 {
		p.remove(start, p.all[0], 0)
	}
	p.iterations(t, 2, start)
}
