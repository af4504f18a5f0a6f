//go:build linux

// Command closed closes one of two listeners on a port while clients wait in its queue.
package main

import (
	"cmp"
	"context"
	"errors"
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

const clients = 100

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 { // this is the process with a network of its own: see migrated
		got, err := "", cmp.Or(setUp(), os.WriteFile("/proc/sys/net/ipv4/tcp_migrate_req", []byte("1"), 0))
		if err == nil {
			got, err = try(true, false)
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(got)
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "the first listener\tserved by the first\tserved by the second\treset\n")
	row := func(how string, closes, drains bool) {
		got, err := try(closes, drains)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(t, "%s\t%s\n", how, got)
	}
	row("stays open", false, true)
	row("closes", true, false)
	row("accepts, then closes", true, true)
	fmt.Fprintf(t, "closes, tcp_migrate_req = 1\t%s\n", migrated())
	t.Flush()
}

// try lets clients connect to two listeners on one port. When all are connected, the first listener accepts
// its clients if it drains, and then closes if it closes. After that the second one accepts.
func try(closes, drains bool) (got string, err error) {
	var lns []*net.TCPListener
	shared := net.ListenConfig{Control: reusePort}
	for addr := "127.0.0.1:0"; len(lns) < 2; addr = lns[0].Addr().String() {
		ln, err := shared.Listen(context.Background(), "tcp", addr)
		if err != nil {
			return "", err
		}
		defer ln.Close()
		lns = append(lns, ln.(*net.TCPListener))
	}
	var conns []net.Conn
	for range clients {
		c, err := net.Dial("tcp", lns[0].Addr().String())
		if err != nil {
			return "", err
		}
		defer c.Close()
		conns = append(conns, c)
	}
	if drains {
		err = answer(lns[0], "1")
	}
	if closes {
		err = cmp.Or(err, lns[0].Close())
	}
	if err = cmp.Or(err, answer(lns[1], "2")); err != nil {
		return "", err
	}
	served, reset := map[string]int{}, 0
	for _, c := range conns {
		digit := make([]byte, 1)
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadFull(c, digit); err == nil {
			served[string(digit)]++
		} else if errors.Is(err, unix.ECONNRESET) {
			reset++
		} else {
			return "", err
		}
	}
	return fmt.Sprintf("%d\t%d\t%d", served["1"], served["2"], reset), nil
}

// answer accepts all clients in a listener's queue, and sends each the listener's number.
func answer(ln *net.TCPListener, number string) error {
	for {
		ln.SetDeadline(time.Now().Add(200 * time.Millisecond)) // Accept can't say “none” without waiting
		c, err := ln.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		} else if err != nil {
			return err
		}
		_, err = io.WriteString(c, number)
		if err := cmp.Or(err, c.Close()); err != nil {
			return err
		}
	}
}

func reusePort(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return cmp.Or(err, failed)
}

// migrated runs this program in a network namespace of its own, where it may change the kernel's
// setting. Each cell is “-” if that fails, such as on a machine that doesn't allow such namespaces.
func migrated() string {
	cmd := exec.Command("/proc/self/exe", "migrate")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
	}
	got, err := cmd.Output()
	if err != nil {
		return "-\t-\t-"
	}
	return string(got)
}

// setUp starts the loopback interface of a new network namespace.
func setUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
