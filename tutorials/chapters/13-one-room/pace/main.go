//go:build linux

// Command pace stops the process that serves one member of a room, and counts what another member gets.
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
	"sync/atomic"
	"syscall"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const (
	step     = 250 * time.Millisecond // between two rows
	stop     = 2                      // after this row the process of B is stopped
	most     = 40                     // rows
	underWay = 16                     // messages of A on their way to the parent and back
	say      = `{"type":"say","text":"hello"}`
)

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "pace-*")
	if err == nil {
		err = play(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// play builds forkserv in dir, and lets three members join its room.
func play(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "threeloops/forkserv")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	server := exec.Command(filepath.Join(dir, "forkserv"), "-addr", "127.0.0.1:0")
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
	child, err := processOf(addr, all[1], 0)
	if err != nil || child == 0 {
		return fmt.Errorf("which process serves B? %v", err)
	}
	return watch(all, child)
}

// watch lets A send as fast as its messages come back, and prints how many B and C have got. It ends soon
// after the connection of B has ended.
func watch(all [3]*member, child int) error {
	var got [3]atomic.Int64
	ended := make(chan time.Time, len(all))
	for i, m := range all {
		go func() {
			for text, err := m.next(); err == nil; text, err = m.next() {
				if strings.HasPrefix(text, `{"type":"said"`) {
					got[i].Add(1)
					if i == 0 {
						m.send(say)
					}
				}
			}
			ended <- time.Now()
		}()
	}
	for range underWay {
		all[0].send(say)
	}
	var rows strings.Builder
	begin, event := time.Now(), ""
	for row, last := 0, most; row < last; row++ {
		fmt.Fprintf(&rows, "%.2f s\t%d\t%d\n", time.Since(begin).Seconds(), got[1].Load(), got[2].Load())
		if row == stop {
			event = fmt.Sprintf("After %.2f s the process of B is stopped.", time.Since(begin).Seconds())
			syscall.Kill(child, syscall.SIGSTOP)
		}
		select {
		case at := <-ended:
			event += fmt.Sprintf(" After %.2f s the parent has killed it.", at.Sub(begin).Seconds())
			last = row + 4
		case <-time.After(step):
		}
	}
	fmt.Print(event, "\n\n")
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "after\tB has got\tC has got\n", rows.String())
	return t.Flush()
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
