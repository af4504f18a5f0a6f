//go:build !sim

package conn_test

import (
	"fmt"
	"io"
	"net"
	"time"

	"threeloops/common/app"
	"threeloops/common/conn"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// This is a server for one connection. A loop does the same, but waits for many.
func Example() {
	board := make(stat.Board, 1)
	cfg := &session.Config{
		App:          app.New(app.Options{Board: board}),
		Stat:         &board[0],
		MaxHead:      4096,
		CloseTimeout: time.Second,
	}
	io := conn.NewIO(&board[0])
	lns, err := conn.Listen(conn.Config{Addr: "127.0.0.1:0", Backlog: 1, NoDelay: true}, io)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.CloseAll(lns)
	body := make(chan string)
	go client(lns[0].Addr.String(), body)

	sys.Poll([]sys.PollFd{{Fd: int32(lns[0].FD), Events: sys.POLLIN}}, sys.Forever)
	fd, _, _ := lns[0].Accept()
	c := conn.NewConn(fd, 1, io, cfg, time.Now(), func(*conn.Conn) {})
	for c.Want() != 0 {
		fds := []sys.PollFd{{Fd: int32(fd), Events: conn.EventFlags(c.Want())}}
		sys.Poll(fds, conn.Until(c.Deadline(), time.Now()))
		now := time.Now()
		cfg.Round()
		if fds[0].Revents&^sys.POLLOUT != 0 {
			c.ReadOnce(now)
		} else if fds[0].Revents == 0 {
			c.Tick(now)
		}
		c.Flush(now)
	}
	c.Close()
	fmt.Print(<-body)
	fmt.Println(board.Sum(stat.SysWrite), "write")
	// Output:
	// ok
	// 1 write
}

func client(addr string, body chan<- string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		body <- err.Error()
		return
	}
	defer c.Close()
	fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	text, _ := io.ReadAll(c)
	body <- string(text[len(text)-len("ok\n"):])
}
