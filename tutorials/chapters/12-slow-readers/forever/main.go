//go:build linux

// Command forever has a client that sends and never reads, and a client that reads slowly. It shows how long
// each of them stays connected to several servers.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const (
	watched = 8 * time.Second
	usual   = 30 * time.Second       // the time limit in the first row: too long for this program
	limit   = 2 * time.Second        // the time limit in the other rows
	slow    = 10_000                 // bytes that the slow client reads in each pause
	pause   = 100 * time.Millisecond // so it reads 100 KB a second
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("forever: ")
	dir, err := os.MkdirTemp("", "forever-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// compare builds the servers, and measures all rows at the same time.
func compare(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "threeloops/tutorials/chapters/12-slow-readers/server",
		"threeloops/epollserv")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%scan't build the servers; run this command inside the repository: %w", said, err)
	}
	rows := []struct {
		name    string
		command []string
		cells   [2]string
		err     error
	}{
		{name: "the chapter's server, -patience 30s", command: []string{"server", "-patience", usual.String()}},
		{name: "the same, -patience 2s", command: []string{"server", "-patience", limit.String()}},
		{name: "epollserv, -write-timeout 2s", command: []string{"epollserv", "-write-timeout", limit.String()}},
	}
	var all sync.WaitGroup
	for i := range rows {
		r := &rows[i]
		all.Go(func() { r.cells, r.err = measure(filepath.Join(dir, r.command[0]), r.command[1:]...) })
	}
	all.Wait()
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "server\ta client that never reads\ta client that reads 100 KB a second")
	for _, r := range rows {
		if r.err != nil {
			return fmt.Errorf("%s: %w", r.name, r.err)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.name, r.cells[0], r.cells[1])
	}
	return t.Flush()
}

// address is in the line that each server prints first.
var address = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// measure starts a server, and returns how its two clients fare.
func measure(program string, flags ...string) (cells [2]string, err error) {
	server := exec.Command(program, append(flags, "-addr", "127.0.0.1:0")...)
	out, err := server.StdoutPipe()
	if err := cmp.Or(err, server.Start()); err != nil {
		return cells, err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return cells, err
	}
	var errs [2]error
	var both sync.WaitGroup
	for i := range cells {
		both.Go(func() { cells[i], errs[i] = fare(address.FindString(line), i == 1) })
	}
	both.Wait()
	return cells, cmp.Or(errs[0], errs[1])
}

// fare connects a client, and says what becomes of its connection.
func fare(addr string, reads bool) (string, error) {
	c, err := open(addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if reads {
		go func() {
			for p, err := make([]byte, slow), error(nil); err == nil; time.Sleep(pause) {
				_, err = io.ReadFull(c, p)
			}
		}()
	}
	begun := time.Now()
	c.SetWriteDeadline(begun.Add(watched))
	for err == nil {
		_, err = c.Write(message)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Sprintf("stays for %v", watched), nil
	}
	return fmt.Sprintf("disconnected after %.1f s", time.Since(begun).Seconds()), nil
}

// message is a client's frame.
var message = ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true}, bytes.Repeat([]byte("x"), 1000))

// open opens a WebSocket.
func open(addr string) (net.Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprint(c, "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	r, err1 := http.ReadResponse(bufio.NewReader(c), nil)
	if err := cmp.Or(err, err1); err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusSwitchingProtocols {
		return nil, errors.New(r.Status)
	}
	return c, nil
}
