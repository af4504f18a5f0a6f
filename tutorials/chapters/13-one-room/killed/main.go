//go:build linux

// Command killed kills the process that serves one member of a room, in the middle of a broadcast. It shows
// what each member gets.
package main

import (
	"bufio"
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
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const (
	messages = 2000 // that A sends
	kill     = 500  // after this many, B's process is killed
)

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "killed-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func compare(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "threeloops/forkserv", "threeloops/pollserv")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	fmt.Printf("A sends %d messages to the room. When B has got %d, the process that serves B is killed.\n\n", messages, kill)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "server, member\tmessages\tmissing between two\tthen\thears that B has left\n")
	for _, name := range []string{"forkserv", "pollserv"} {
		if err := play(t, exec.Command(filepath.Join(dir, name), "-addr", "127.0.0.1:0")); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return t.Flush()
}

// play starts a server, and writes a row for each member.
func play(t io.Writer, server *exec.Cmd) error {
	out, err := server.StdoutPipe()
	if err := cmp.Or(err, server.Start()); err != nil {
		return err
	}
	defer server.Wait()
	defer server.Process.Signal(syscall.SIGTERM)
	line, err := bufio.NewReader(out).ReadString('\n')
	_, addr, _ := strings.Cut(line, "http://")
	addr, _, _ = strings.Cut(addr, " ")
	var all [3]*member
	for i := 0; i < 3 && err == nil; i++ {
		if all[i], err = join(addr, "ABC"[i:i+1]); err == nil {
			defer all[i].Close()
		}
	}
	if err != nil {
		return err
	}
	var victims [3]int
	if victims[1], err = processOf(addr, all[1], server.Process.Pid); err != nil {
		return err
	}
	var readers sync.WaitGroup
	var rows [3]string
	for i, m := range all {
		readers.Go(func() { rows[i] = m.listen(victims[i]) })
	}
	for i := 0; i < messages && err == nil; i++ {
		err = all[0].send(`{"type":"say","text":"hello"}`)
	}
	readers.Wait()
	for i, row := range rows {
		fmt.Fprintf(t, "%s, %c\t%s\n", filepath.Base(server.Path), "ABC"[i], row)
	}
	return nil
}

// listen reads until the last message, or until the connection ends. It returns the cells of a row. After
// some messages it kills the process victim, unless that is 0.
func (m *member) listen(victim int) string {
	got, missing, left, then := 0, 0, "no", "it stays"
	for last := 0; got < messages || left == "no"; {
		text, err := m.next()
		if err != nil {
			then = err.Error() + ", no Close frame"
			break
		}
		before := last
		if fmt.Sscanf(text[max(0, strings.Index(text, `"seq"`)):], `"seq":%d`, &last); before > 0 {
			missing += last - before - 1
		}
		if strings.HasPrefix(text, `{"type":"left"`) {
			left = "yes"
		} else if strings.HasPrefix(text, `{"type":"said"`) {
			got++
		}
		if got == kill && victim != 0 {
			syscall.Kill(victim, syscall.SIGKILL)
		}
	}
	return fmt.Sprintf("%d\t%d\t%s\t%s", got, missing, then, left)
}

// member is a client in the room.
type member struct {
	net.Conn
	in *bufio.Reader
}

// join connects a client and makes it a member of the room.
func join(addr, name string) (*member, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	m := &member{c, bufio.NewReader(c)}
	m.SetDeadline(time.Now().Add(15 * time.Second))
	fmt.Fprintf(m, "GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	_, err = http.ReadResponse(m.in, nil)
	m.send(`{"type":"join","name":"` + name + `"}`)
	for text := ""; err == nil && !strings.HasPrefix(text, `{"type":"members"`); {
		text, err = m.next()
	}
	return m, err
}

func (m *member) send(text string) error {
	h := ws.Header{Fin: true, Opcode: ws.Text, Masked: true}
	_, err := m.Write(ws.AppendFrame(nil, h, []byte(text)))
	return err
}

// next reads the next message. The error is io.EOF if the connection ends without a Close frame.
func (m *member) next() (string, error) {
	head, err := m.in.Peek(4)
	if errors.Is(err, syscall.ECONNRESET) {
		err = io.EOF // which of the two it is depends on what was under way
	}
	if err != nil {
		return "", err
	}
	h, size, bad := ws.ParseHeader(head)
	if bad != nil || h.Opcode != ws.Text {
		return "", fmt.Errorf("a frame that begins with % x", head)
	}
	m.in.Discard(size)
	text := make([]byte, h.Length)
	_, err = io.ReadFull(m.in, text)
	return string(text), err
}

// processOf returns the process that serves m: a child, or pid itself if /stats names no other.
func processOf(addr string, m *member, pid int) (int, error) {
	r, err := http.Get("http://" + addr + "/stats")
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	stats, err := io.ReadAll(r.Body)
	child := regexp.MustCompile(`"pid":(\d+),"connection":\d+,"peer":"` + m.LocalAddr().String() + `"`)
	if found := child.FindSubmatch(stats); found != nil {
		pid, err = strconv.Atoi(string(found[1]))
	}
	return pid, err
}
