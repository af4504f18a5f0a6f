//go:build linux

// Command 2-limit sends each line back. It starts a process for each client, but only so many at the same time.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The children are the processes that the parent hasn't waited for yet.
var (
	mu       sync.Mutex
	children = map[int]bool{}    // their process numbers; mu guards the map
	ended    = sync.NewCond(&mu) // a child has ended
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	most := flag.Int("max", 200, "how many children there may be at the same time")
	child := flag.Bool("child", false, "serve the connection that is descriptor 3 (the parent sets this)")
	flag.Parse()
	log.SetPrefix(fmt.Sprintf("process %d: ", os.Getpid()))
	if *child {
		if err := serve(os.NewFile(3, "connection")); err != io.EOF {
			log.Fatal(err) // ends this process, and with it one client's connection
		}
		return
	}
	if *most < 1 {
		log.Fatalf("-max must be at least 1, not %d", *most)
	}
	ln, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	exits := make(chan os.Signal, 1)
	signal.Notify(exits, unix.SIGCHLD) // before there is any child
	go reap(exits)
	for {
		accept(ln)
		await(*most - 1)
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

// await waits until there are at most n children.
func await(n int) {
	mu.Lock()
	defer mu.Unlock()
	for len(children) > n {
		ended.Wait()
	}
}

// start runs this program again. The child gets copies of four descriptors, as numbers 0 to 3.
func start(fd int) error {
	mu.Lock() // a child that ends immediately must be in the map before wait removes it
	defer mu.Unlock()
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], "-child"},
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(fd)}})
	if err == nil {
		children[pid] = true
	}
	return os.NewSyscallError("fork", err)
}

// reap waits for children that have ended. Until then they are zombies.
func reap(exits <-chan os.Signal) {
	for range exits { // signals don't queue: one may stand for many children
		for wait() {
		}
	}
}

// wait reports whether a child had ended. After wait, this child is no zombie any more.
func wait() bool {
	mu.Lock()
	var status unix.WaitStatus
	pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
	delete(children, pid)
	ended.Signal()
	mu.Unlock()
	if status.Signaled() {
		log.Printf("process %d was killed: %v", pid, status.Signal())
	}
	return err == nil && pid > 0 // 0: no child has ended; ECHILD: there is no child
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
