//go:build linux

// Command server sends each line back. It starts a process for each client.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	child := flag.Bool("child", false, "serve the connection that is descriptor 3 (the parent sets this)")
	flag.Parse()
	log.SetPrefix(fmt.Sprintf("process %d: ", os.Getpid()))
	if *child {
		if err := serve(os.NewFile(3, "connection")); err != io.EOF {
			log.Fatal(err) // ends this process, and with it one client's connection
		}
		return
	}
	ln, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	for {
		accept(ln)
	}
}

// listen makes a listener for an IPv4 address, as in chapter 0.
func listen(addr string) (fd int, err error) {
	time.Sleep(time.Nanosecond) // Go's first timer opens two descriptors: do it while some are free
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return -1, fmt.Errorf("-addr must be an IPv4 address and a port, such as 127.0.0.1:9000, not %q", addr)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(fd) // if the port in addr is 0, the kernel has chosen one
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	fmt.Println("listening on", netip.AddrPortFrom(to.Addr(), uint16(name.(*unix.SockaddrInet4).Port)))
	return fd, nil
}

// accept takes one connection and starts a child for it. The parent never reads from it.
func accept(ln int) {
	fd, _, err := unix.Accept4(ln, unix.SOCK_CLOEXEC)
	if err != nil { // such as EMFILE; until the next attempt clients wait in the backlog
		log.Print("accept: ", err)
		time.Sleep(100 * time.Millisecond)
		return
	}
	if err := start(fd); err != nil {
		log.Print("a client is turned away: ", err)
	}
	unix.Close(fd) // our copy: the connection stays open until the child's copy is closed too
}

// start runs this program again. The child gets copies of four descriptors, as numbers 0 to 3.
func start(fd int) error {
	_, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], "-child"},
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(fd)}})
	return os.NewSyscallError("fork", err)
}

// serve sends back each complete line. A line has at most 64 KiB.
func serve(c io.ReadWriter) error {
	for r := bufio.NewReaderSize(c, 64<<10); ; {
		line, err := r.ReadSlice('\n')
		if err == nil {
			_, err = c.Write(line)
		}
		if err != nil {
			return err // io.EOF: the client has ended its side
		}
	}
}
