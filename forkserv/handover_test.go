//go:build !sim

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"threeloops/common/processtest"
	"threeloops/common/stat"
)

// harmVariable is an environment variable. If it is set, the server that this test binary runs as
// harms its children at random.
const harmVariable = "FORKSERV_HARMS_CHILDREN"

// harmingFork returns fork, or if harmVariable is set, a fork that fails, starts the wrong program,
// or kills the child before it serves.
func harmingFork(fork fork) fork {
	if os.Getenv(harmVariable) == "" {
		return fork
	}
	return func(argv0 string, argv []string, attr *syscall.ProcAttr) (int, error) {
		switch rand.N(10) {
		case 0:
			return 0, syscall.EAGAIN
		case 1, 2:
			argv0 = "/bin/false"
		}
		pid, err := fork(argv0, argv, attr)
		if err == nil && argv0 != "/bin/false" {
			memfd, err := syscall.Dup(int(attr.Files[boardFD]))
			if err == nil {
				go harm(pid, memfd, attr.Env)
			}
		}
		return pid, err
	}
}

// harm kills a child up to 40 ms after it was started, if it has not posted servingKind before. To
// find out, it stops the child: then the board shows whether the child has sent anything.
func harm(pid, memfd int, env []string) {
	defer syscall.Close(memfd)
	board, err := openBoard(memfd)
	if err != nil {
		panic(err)
	}
	slot := 0
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, childEnv+"="); ok {
			text, _, _ := strings.Cut(value, ":")
			slot, _ = strconv.Atoi(text)
		}
	}
	time.Sleep(rand.N(40 * time.Millisecond))
	syscall.Kill(pid, syscall.SIGSTOP)
	for end := time.Now().Add(time.Second); state(pid) != "T" && time.Now().Before(end); {
		time.Sleep(100 * time.Microsecond)
	}
	if state(pid) == "T" && board[slot].Get(stat.SysWrite) == 0 {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	syscall.Kill(pid, syscall.SIGCONT)
}

// asks sends a request over a new connection and returns the status of the response.
func asks(addr string) (status int, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return 0, err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	return r.StatusCode, nil
}

func TestAClientWhoseChildrenDieBeforeServingGetsA503(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fail")
	t.Setenv(failVariable, file)
	p := processtest.Launch(t)
	rest := p.AwaitIdle()
	before, _ := serves(t, p)
	if err := os.WriteFile(file, []byte("/bin/false"), 0o600); err != nil {
		t.Fatal(err)
	}
	const clients = 5
	for range clients {
		if status, err := asks(p.Addr); status != 503 {
			t.Errorf("got status %d, %v, want 503", status, err)
		}
		before.get(t, 200)
	}
	await(t, fmt.Sprintf("lines about %d children that died for each client", maxDeaths), func() bool {
		return strings.Count(p.Log(), "a child has failed") == maxDeaths*clients
	})
	if n := strings.Count(p.Log(), "died before it could serve"); n < 1 || n > clients {
		t.Errorf("lines that explain why children died: got %d, want one a second", n)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.CheckHealthz()
	p.AwaitOpen(2)
	p.CheckSleeps()
	before.Close()
	p.CheckIdle(rest)
}

func TestAClientIsServedOrGetsA503HoweverChildrenDie(t *testing.T) {
	for _, flags := range [][]string{nil, {"-prefork=3"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			t.Setenv(harmVariable, "yes")
			p := processtest.Launch(t, append(flags, "-grace=60s")...)
			const clients = 200
			statuses := make([]int, clients)
			failed := make([]error, clients)
			var wg sync.WaitGroup
			for w := range 10 {
				wg.Go(func() {
					for i := w; i < clients; i += 10 {
						statuses[i], failed[i] = asks(p.Addr)
					}
				})
			}
			wg.Wait()
			if err := errors.Join(failed...); err != nil {
				t.Errorf("want each client to get a response: %v", err)
			}
			n := map[int]int{}
			for _, s := range statuses {
				n[s]++
			}
			killed := strings.Count(p.Log(), "signal: killed")
			t.Logf("responses by status: %v; %d children were killed, %d died by themselves",
				n, killed, strings.Count(p.Log(), "exit status 1"))
			if n[200]+n[503] != clients || n[200] == 0 || n[503] == 0 || killed == 0 {
				t.Errorf("responses by status: got %v with %d children killed; want %d responses, some 200, some 503, "+
					"and some children killed", n, killed, clients)
			}
		})
	}
}

// Clients in the backlog get a response, although children die during the shutdown.
func TestAShutdownWhileChildrenDie(t *testing.T) {
	t.Setenv(harmVariable, "yes")
	p := processtest.Launch(t, "-grace=60s")
	const clients = 60
	var all []*client
	for range clients {
		c := dial(t, p)
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		all = append(all, c)
	}
	p.Signal(syscall.SIGTERM)
	n := map[int]int{}
	for i, c := range all {
		r, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatalf("client %d: %v, want a response", i, err)
		}
		n[r.StatusCode]++
		c.Close()
	}
	t.Logf("responses by status: %v", n)
	if code := p.Wait(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
}

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
