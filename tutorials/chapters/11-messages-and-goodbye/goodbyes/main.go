//go:build linux

// Command goodbyes ends a WebSocket in seven ways. It shows what arrives at the other end, which code a
// library reports there, and which end of the connection the kernel then keeps in TIME_WAIT.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

type conn = *net.TCPConn

// unplugged is the row of a client that sends nothing, and doesn't close.
const unplugged = "is unplugged"

// pause is longer than a packet and a process need on this machine.
const pause = 100 * time.Millisecond

func main() {
	log.SetFlags(0)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the client\tClose frame\tthen read gives\treported\tTIME_WAIT is at")
	row(t, "sends Close 1000, waits", func(c conn) { send(c, ws.NormalClosure); go wait(c) })
	row(t, "sends Close, no code, waits", func(c conn) { send(c, ws.NoStatus); go wait(c) })
	row(t, "sends Close 1000, closes", func(c conn) { send(c, ws.NormalClosure); must(c.Close()) })
	row(t, "only closes", func(c conn) { must(c.Close()) })
	row(t, "is killed with kill -9", kill)
	row(t, "resets", func(c conn) { must(errors.Join(c.SetLinger(0), c.Close())) })
	row(t, unplugged, func(conn) {})
	must(t.Flush())
}

// row shows how the server sees a client's end.
func row(t io.Writer, how string, leave func(c conn)) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	must(err)
	defer client.Close() // most rows have closed it already
	server, err := ln.Accept()
	must(err)
	leave(client.(conn))
	time.Sleep(pause)
	frame, code, end := watch(server.(conn))
	at := "-" // an unplugged client has closed nothing, and so the server hasn't either
	if how != unplugged {
		must(server.Close())
		time.Sleep(pause)
		at = keeper(port(server.LocalAddr()), port(client.LocalAddr()))
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", how, frame, end, code, at)
	server.Close()
}

// watch is the server: it answers a Close frame, sends its FIN, and reads to the end.
func watch(c conn) (frame, code, end string) {
	var frames ws.Reader // the zero value is a server's
	frame, code = "none", fmt.Sprint(ws.Abnormal)
	c.SetReadDeadline(time.Now().Add(pause))
	buf := make([]byte, 100)
	for {
		n, err := c.Read(buf)
		event, _ := frames.Next(buf[:n])
		switch {
		case event.Kind == ws.CloseFrame:
			frame, code = "code "+fmt.Sprint(event.Code), fmt.Sprint(event.Code)
			if event.Code == ws.NoStatus {
				frame = "without code"
			}
			c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Close}, ws.AppendClose(nil, event.Code, "")))
			c.CloseWrite() // the server is the first to close (RFC 6455, 7.1.1)
		case errors.Is(err, io.EOF):
			return frame, code, "EOF"
		case errors.Is(err, unix.ECONNRESET):
			return frame, code, "ECONNRESET"
		case errors.Is(err, os.ErrDeadlineExceeded):
			return frame, "-", "nothing"
		case err != nil:
			must(err)
		}
	}
}

// send sends a client's Close frame, with a mask of zeros.
func send(c conn, code ws.Code) {
	_, err := c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Close, Masked: true}, ws.AppendClose(nil, code, "")))
	must(err)
}

// wait is a client that has sent its Close frame: it reads the server's, and closes after the server.
func wait(c conn) {
	io.Copy(io.Discard, c) // until EOF
	c.Close()
}

// kill gives the connection to a new process, and kills this process.
func kill(c conn) {
	f, err := c.File()
	must(err)
	cmd := &exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "60"}, ExtraFiles: []*os.File{f}}
	must(cmd.Start())
	must(errors.Join(f.Close(), c.Close(), cmd.Process.Kill()))
	cmd.Wait()
}

func port(a net.Addr) int { return a.(*net.TCPAddr).Port }

// keeper returns which end of a connection the kernel lists as TIME_WAIT.
func keeper(server, client int) string {
	text, err := os.ReadFile("/proc/net/tcp")
	must(err)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		ends := func(local, remote int) bool {
			return strings.HasSuffix(f[1], fmt.Sprintf(":%04X", local)) && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", remote))
		}
		if f[3] == "06" && ends(server, client) {
			return "the server"
		} else if f[3] == "06" && ends(client, server) {
			return "the client"
		}
	}
	return "nobody"
}

func must(err error) {
	if err != nil {
		log.Fatal("goodbyes: ", err)
	}
}
