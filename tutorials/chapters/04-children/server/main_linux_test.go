package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets this binary be the server, and the program that the server starts for each client.
func TestMain(m *testing.M) {
	if slices.ContainsFunc(os.Args, func(arg string) bool { return arg == "-addr" || arg == "-child" }) {
		main()
		return
	}
	os.Exit(m.Run())
}

// serverProcess starts a server, and returns its address.
func serverProcess(t *testing.T, flags ...string) (cmd *exec.Cmd, addr string) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe", append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the server doesn't listen: ", err)
	}
	return cmd, strings.Fields(line)[2]
}

// dial connects a client and sends a line.
func dial(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err == nil {
		_, err = fmt.Fprintln(c, "hello")
	}
	return c, err
}

// answered reports whether the answer to the line comes in time.
func answered(c net.Conn, limit time.Duration) bool {
	c.SetReadDeadline(time.Now().Add(limit))
	_, err := c.Read(make([]byte, 6))
	return err == nil
}

func TestNoChildAfterTell(t *testing.T) {
	tell(syscall.SIGTERM)
	defer ending.Store(false)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if err := start(int(r.Fd())); err == nil || len(children) != 0 {
		t.Errorf("after tell, start returns %v and there are %d children, want an error and none", err, len(children))
	}
}

func TestEndsWhileClientsConnect(t *testing.T) {
	for round := range 5 {
		cmd, addr := serverProcess(t, "-grace", "1m")
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for {
					c, err := dial(addr)
					if err != nil {
						return // the server listens no longer
					}
					defer c.Close() // all clients stay until the end
					if !answered(c, 20*time.Second) {
						return
					}
				}
			})
		}
		time.Sleep(time.Duration(50+7*round) * time.Millisecond)
		cmd.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil || !timer.Stop() {
			t.Fatalf("round %d: the server ends with %v, want an end without error, long before its minute of grace", round, err)
		}
		group.Wait()
	}
}

// TestEndsWithoutDescriptors: while no descriptor is free, accept4 never says that the listener has ended.
func TestEndsWithoutDescriptors(t *testing.T) {
	cmd, addr := serverProcess(t, "-grace", "1m")
	none := unix.Rlimit{Cur: 3, Max: 3}
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &none, nil); err != nil {
		t.Fatal(err)
	}
	c, err := dial(addr) // if an accept4 is waiting, it has its descriptor already, and takes this client
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if answered(c, 300*time.Millisecond) {
		t.Fatal("the client gets an answer, although the server has no descriptor for its child")
	}
	cmd.Process.Signal(unix.SIGTERM)
	timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	if err := cmd.Wait(); err != nil || !timer.Stop() {
		t.Errorf("the server ends with %v, want an end without error, long before its minute of grace", err)
	}
}

func TestMax(t *testing.T) {
	_, addr := serverProcess(t, "-max", "1")
	first, err := dial(addr)
	if err != nil || !answered(first, 20*time.Second) {
		t.Fatal("the first client gets no answer: ", err)
	}
	second, err := dial(addr)
	if err != nil || answered(second, 300*time.Millisecond) {
		t.Fatal("with -max 1, a second client gets an answer: ", err)
	}
	first.Close()
	if !answered(second, 20*time.Second) {
		t.Error("the second client gets no answer after the first has left")
	}
}

func TestMaxMustBePositive(t *testing.T) {
	var exit *exec.ExitError
	if err := exec.Command("/proc/self/exe", "-addr", "127.0.0.1:0", "-max", "0").Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("with -max 0 the server ends with %v, want exit status 1", err)
	}
}
