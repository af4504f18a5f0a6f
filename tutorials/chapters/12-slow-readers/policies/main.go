//go:build linux

// Command policies starts a server once for each of its policies. A client sends messages, and begins to
// read the answers a second later. The table shows what each policy does. Its arguments are the folder of a
// server and the names of policies; without them, it takes the chapter's server.
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
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const (
	chapter  = "tutorials/chapters/12-slow-readers"
	messages = 20_000
	size     = 1000 // bytes of a message
	deaf     = time.Second
	quiet    = 500 * time.Millisecond // so long without a byte, and nothing more will come
	patience = 10 * time.Second       // time limit for a handshake or an answer
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("policies: ")
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "policy\tserver's memory\tanswers\tanother client waits\tthe connection")
	dir, err := os.MkdirTemp("", "policies-*")
	if err == nil {
		if err = rows(t, dir); err == nil {
			err = t.Flush()
		}
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// rows measures the policies that the arguments name, or those of the chapter.
func rows(t io.Writer, dir string) error {
	folder, policies := chapter+"/server", []string{"stop", "drop", "disconnect"}
	if len(os.Args) > 2 {
		folder, policies = os.Args[1], os.Args[2:]
	} else if err := row(t, "no policy", dir, chapter+"/faults/queue"); err != nil {
		return err
	}
	for _, p := range policies {
		if err := row(t, p, dir, folder, "-policy", p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// row builds and starts a server, and measures it.
func row(t io.Writer, name, dir, folder string, flags ...string) error {
	build := exec.Command("go", "build", "-o", dir+"/server", ".")
	build.Dir = folder
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%scan't build %s; run this command at the root of the repository: %w", said, folder, err)
	}
	server := exec.Command(dir+"/server", append(flags, "-addr", "127.0.0.1:0")...)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err := cmp.Or(err, server.Start()); err != nil {
		return err
	}
	defer func() { server.Process.Kill(); server.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	slow, err1 := open(addr)
	other, err2 := open(addr)
	if err := cmp.Or(err, err1, err2); err != nil {
		return err
	}
	defer slow.Close()
	defer other.Close()
	before, err := memory(server.Process.Pid)
	if err != nil {
		return err
	}
	go func() { // in a goroutine, because the server may stop reading
		for range messages {
			if _, err := slow.Write(message); err != nil {
				return
			}
		}
	}()
	time.Sleep(deaf)
	during, err := memory(server.Process.Pid)
	begun := time.Now()
	_, failed := other.Write(message)
	if _, err3 := other.answers(1); cmp.Or(err, failed, err3) != nil {
		return fmt.Errorf("the other client: %w", cmp.Or(err, failed, err3))
	}
	waited := time.Since(begun)
	n, ended := slow.answers(messages)
	how := "stays"
	if ended != nil && !errors.Is(ended, os.ErrDeadlineExceeded) {
		how = "ends"
	}
	fmt.Fprintf(t, "%s\t+%.1f MB\t%d of %d\t%.1f ms\t%s\n", name, float64(max(0, during-before))/1e6, n, messages,
		waited.Seconds()*1000, how)
	return nil
}

// message is a client's frame.
var message = ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true}, bytes.Repeat([]byte("x"), size))

// client is the client's end of a WebSocket.
type client struct {
	net.Conn
	in *bufio.Reader
}

func open(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c.SetReadDeadline(time.Now().Add(patience))
	_, err = fmt.Fprint(c, "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	in := bufio.NewReader(c)
	r, err1 := http.ReadResponse(in, nil)
	if err := cmp.Or(err, err1); err != nil {
		return nil, err
	}
	if r.StatusCode != http.StatusSwitchingProtocols {
		return nil, errors.New(r.Status)
	}
	return &client{c, in}, nil
}

// answers reads at most n answers. It gives up when nothing comes for some time.
func (c *client) answers(n int) (got int, err error) {
	for ; got < n; got++ {
		c.SetReadDeadline(time.Now().Add(quiet))
		if _, err := io.CopyN(io.Discard, c.in, size+4); err != nil { // 4: the header of a frame of 1000 bytes
			return got, err
		}
	}
	return got, nil
}

// memory returns a process's resident memory in bytes.
func memory(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0, errors.New("no VmRSS in /proc/PID/status")
	}
	kib, err := strconv.Atoi(fields[0])
	return kib << 10, err
}
