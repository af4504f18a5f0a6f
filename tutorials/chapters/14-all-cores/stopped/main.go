//go:build linux

// Command stopped stops one of four processes that share a port, and counts the clients that get an answer.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

const (
	processes = 4
	clients   = 100
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		log.Fatal(child())
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "the four processes have\tconnected\tanswered\tanswered when it continues\n")
	row := func(what string, listeners int) {
		got, err := measure(listeners)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", what, got[0], got[1], got[2])
	}
	row("a listener each, SO_REUSEPORT", processes)
	row("one listener together", 1)
	t.Flush()
}

// measure starts the processes, stops the first, and lets clients connect. It returns how many have
// connected, how many of them get an answer, and how many more get one when the process continues.
func measure(listeners int) (got [3]int, err error) {
	var lns []*os.File
	addr := "127.0.0.1:0"
	shared := net.ListenConfig{Control: reusePort}
	for range listeners {
		ln, err := shared.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return got, err
		}
		addr = ln.Addr().String()
		f, err := ln.(*net.TCPListener).File() // a copy for the children
		ln.Close()
		if err != nil {
			return got, err
		}
		lns = append(lns, f)
	}
	var all []*os.Process
	for i := range processes {
		cmd := exec.Command("/proc/self/exe", "child")
		cmd.ExtraFiles = []*os.File{lns[i%listeners]}
		in, err := cmd.StdinPipe() // a child ends when the parent has ended
		ready, failed := cmd.StdoutPipe()
		if err = cmp.Or(err, failed); err == nil {
			err = cmd.Start()
		}
		if err != nil {
			return got, err
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		defer in.Close()
		if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
			return got, err
		}
		all = append(all, cmd.Process)
	}
	for _, f := range lns { // otherwise a listener would stay open without its child
		f.Close()
	}
	err = all[0].Signal(unix.SIGSTOP)
	if err == nil {
		_, err = unix.Wait4(all[0].Pid, nil, unix.WUNTRACED, nil) // returns when all its threads have stopped
	}
	if err != nil {
		return got, err
	}
	var conns []net.Conn
	for range clients {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		defer c.Close()
		conns = append(conns, c)
	}
	got[0] = len(conns)
	rest := answered(conns, time.Second)
	got[1] = len(conns) - len(rest)
	err = all[0].Signal(unix.SIGCONT)
	got[2] = len(rest) - len(answered(rest, time.Second))
	return got, err
}

// answered gives the clients some time together, and returns those that get no answer in it.
func answered(conns []net.Conn, patience time.Duration) (rest []net.Conn) {
	time.Sleep(patience)
	for _, c := range conns {
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) // an answer is there by now
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			rest = append(rest, c)
		}
	}
	return rest
}

// child accepts clients of the listener that is descriptor 3, and sends each a byte.
func child() error {
	go func() {
		io.Copy(io.Discard, os.Stdin) // until the parent has ended
		os.Exit(0)
	}()
	ln, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	fmt.Print("r") // ready
	for {
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		io.WriteString(c, "!")
		c.Close()
	}
}

func reusePort(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return cmp.Or(err, failed)
}
