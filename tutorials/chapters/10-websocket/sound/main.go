//go:build linux

// Command server echoes WebSocket messages. One loop serves all clients, which are in a table.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	listener, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	l := &loop{ep: ep, listener: listener}
	log.Fatal(l.run())
}

// listen makes a listener for an IPv4 address, as in chapter 0.
func listen(addr string) (fd int, err error) {
	time.Sleep(time.Nanosecond) // Go's first timer opens two descriptors: do it while some are free
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return -1, fmt.Errorf("-addr must be an IPv4 address and a port, such as 127.0.0.1:9000, not %q", addr)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	name, err := unix.Getsockname(fd) // if the port in addr is 0, the kernel has chosen one
	if err == nil {
		fmt.Println("listening on", netip.AddrPortFrom(to.Addr(), uint16(name.(*unix.SockaddrInet4).Port)))
	}
	return fd, err
}

// loop is the loop with its clients.
type loop struct {
	ep, listener int
	table        []*client // the index is the descriptor
}

// client is a connection, with everything that the loop must remember about it between two turns.
type client struct {
	fd   int
	open bool   // after the handshake
	in   []byte // the bytes of a request or a frame that isn't complete
	out  []byte // the bytes of answers that aren't sent yet
}

// run waits, and calls turn or accept for each descriptor that epoll reports.
func (l *loop) run() error {
	if err := l.watch(unix.EPOLL_CTL_ADD, l.listener, unix.EPOLLIN); err != nil {
		return err
	}
	events, buf := make([]unix.EpollEvent, 64), make([]byte, 16<<10)
	for wait, reopen := -1, time.Now(); ; {
		if wait > 0 && !time.Now().Before(reopen) { // 100 ms after accept has failed
			if err := l.watch(unix.EPOLL_CTL_MOD, l.listener, unix.EPOLLIN); err != nil {
				return err
			}
			wait = -1
		}
		n, err := unix.EpollWait(l.ep, events, wait)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if fd := int(e.Fd); fd != l.listener {
				if !l.turn(l.table[fd], buf) {
					unix.Close(fd)
				}
			} else if err := l.accept(); err != nil {
				log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
				if err := l.watch(unix.EPOLL_CTL_MOD, l.listener, 0); err != nil {
					return err
				}
				wait, reopen = 100, time.Now().Add(100*time.Millisecond)
			}
		}
	}
}

// watch tells epoll which events of fd to report, until the next call for fd.
func (l *loop) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(l.ep, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// accept accepts one client. An entry of the table keeps its memory for the next client.
func (l *loop) accept() error {
	fd, _, err := unix.Accept4(l.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err == unix.EAGAIN || err == unix.ECONNABORTED {
		return nil
	} else if err != nil {
		return err
	}
	for fd >= len(l.table) {
		l.table = append(l.table, &client{fd: len(l.table)})
	}
	c := l.table[fd]
	c.open, c.in, c.out = false, c.in[:0], c.out[:0] // nothing of the client before
	if l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil {
		unix.Close(fd)
	}
	return nil
}

// turn does what c is ready for, without waiting. It returns false if the connection is over.
func (l *loop) turn(c *client, buf []byte) bool {
	full := len(c.out) > 0
	if !full {
		n, err := unix.Read(c.fd, buf)
		if n <= 0 { // 0 means the end: the client will send nothing more
			return err == unix.EAGAIN
		}
		c.in = append(c.in, buf[:n]...)
		if !c.answer() {
			unix.Write(c.fd, c.out) // the answers to what came before the mistake
			c.out = c.out[:0]
			return false
		}
	}
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if n < 0 {
			return err == unix.EAGAIN && (full || l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLOUT) == nil)
		}
		c.out = append(c.out[:0], c.out[n:]...)
	}
	return !full || l.watch(unix.EPOLL_CTL_MOD, c.fd, unix.EPOLLIN) == nil
}

// answer answers what is complete in c.in. It returns false if the client has made a mistake.
func (c *client) answer() bool {
	at := 0
	if end := bytes.Index(c.in, []byte("\r\n\r\n")); !c.open && end >= 0 {
		at = end + 4
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.in[:at])))
		if err != nil || r.Header.Get("Sec-WebSocket-Key") == "" {
			return false
		}
		c.out = fmt.Append(c.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
			"Sec-WebSocket-Accept: ", string(ws.AppendAccept(nil, []byte(r.Header.Get("Sec-WebSocket-Key")))), "\r\n\r\n")
		c.open = true
	}
	for c.open {
		h, size, err := ws.ParseHeader(c.in[at:])
		whole := h.Fin && h.Rsv == 0 && (h.Opcode == ws.Text || h.Opcode == ws.Binary) // a message in one frame
		if err != nil || size > 0 && (!whole || !h.Masked || h.Length > 1<<20) {
			c.in = c.in[:0]
			return false
		}
		end := at + size + int(h.Length)
		if size == 0 || end > len(c.in) {
			break // the frame isn't complete
		}
		ws.Mask(h.Key, 0, c.in[at+size:end])
		c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: h.Opcode}, c.in[at+size:end])
		at = end
	}
	c.in = append(c.in[:0], c.in[at:]...)
	return c.open || len(c.in) <= 64<<10
}
