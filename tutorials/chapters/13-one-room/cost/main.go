//go:build linux

// Command cost measures what a message to a room costs in the three servers, for each member that gets it.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

const deliveries = 600 // messages times members, in each row

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "cost-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// compare builds the servers in dir, and measures each with more and more members.
func compare(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "threeloops/pollserv", "threeloops/epollserv", "threeloops/forkserv")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	fmt.Print("System calls and processor time for each delivery: one message to one member.\n\n")
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "members\tpollserv, calls\tepollserv, calls\tforkserv, calls\tpollserv\tepollserv\tforkserv\n")
	for _, members := range []int{2, 10, 30} {
		calls, times := "", ""
		for _, name := range []string{"pollserv", "epollserv", "forkserv"} {
			n, busy, err := measure(exec.Command(filepath.Join(dir, name), "-addr", "127.0.0.1:0"), members)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			calls += fmt.Sprintf("\t%.2f", n)
			times += fmt.Sprintf("\t%.1f µs", busy)
		}
		fmt.Fprintf(t, "%d%s%s\n", members, calls, times)
	}
	return t.Flush()
}

// measure starts a server, lets members join its room, and lets one of them talk. It sends a message when
// all have got the one before.
func measure(server *exec.Cmd, members int) (calls, busy float64, err error) {
	out, err := server.StdoutPipe()
	if err := cmp.Or(err, server.Start()); err != nil {
		return 0, 0, err
	}
	defer server.Wait()
	defer server.Process.Signal(syscall.SIGTERM)
	line, err := bufio.NewReader(out).ReadString('\n')
	_, addr, _ := strings.Cut(line, "http://")
	addr, _, _ = strings.Cut(addr, " ")
	var all []*member
	for i := 0; i < members && err == nil; i++ {
		var m *member
		if m, err = join(addr, i); m != nil {
			defer m.Close()
			all = append(all, m)
		}
	}
	const warm = 10 // rounds that aren't measured
	var before [2]float64
	for round := 0; err == nil && round < warm+deliveries/members; round++ {
		if round == warm {
			before = used(addr, server.Process.Pid)
		}
		err = all[0].send(`{"type":"say","text":"hello"}`)
		for _, m := range all {
			err = cmp.Or(err, m.await("said"))
		}
	}
	after := used(addr, server.Process.Pid)
	sent := float64(deliveries / members * members)
	return (after[0] - before[0]) / sent, (after[1] - before[1]) / sent, err
}

// used returns the number of system calls that a server has made for clients and for the bus, and the
// microseconds of processor time that the server and its children have used.
func used(addr string, pid int) (all [2]float64) {
	var stats struct{ Totals map[string]float64 }
	if r, err := http.Get("http://" + addr + "/stats"); err == nil {
		json.NewDecoder(r.Body).Decode(&stats)
		r.Body.Close()
	}
	for _, call := range []string{"sys_wait", "sys_read", "sys_write", "sys_ctl"} {
		all[0] += stats.Totals[call]
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		stat, _ := os.ReadFile(process + "/stat") // “PID (name) state PPID ...”
		var state string
		var parent int
		fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent)
		if parent != pid && process != fmt.Sprintf("/proc/%d", pid) {
			continue
		}
		tasks, _ := filepath.Glob(process + "/task/*/schedstat") // processor time in nanoseconds, and more
		for _, task := range tasks {
			var ns float64
			text, _ := os.ReadFile(task)
			fmt.Sscan(string(text), &ns)
			all[1] += ns / 1000
		}
	}
	return all
}

// member is a client in the room.
type member struct {
	net.Conn
	frames ws.Reader
	buf    [4096]byte
	rest   []byte // the part of buf that has arrived and isn't parsed yet
}

// join connects member i. If err isn't nil, m may still have to be closed.
func join(addr string, i int) (m *member, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	m = &member{Conn: c}
	m.SetDeadline(time.Now().Add(20 * time.Second))
	m.frames.Init(ws.Client, 0)
	fmt.Fprintf(m, "GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	n, err := m.Read(m.buf[:])
	_, rest, open := bytes.Cut(m.buf[:n], []byte("\r\n\r\n")) // so short a response isn't cut on loopback
	if m.rest = rest; !open {
		return m, fmt.Errorf("the handshake has failed: %q, %v", m.buf[:n], err)
	}
	err = m.send(fmt.Sprintf(`{"type":"join","name":"%d"}`, i))
	return m, cmp.Or(err, m.await("members"))
}

func (m *member) send(text string) error {
	h := ws.Header{Fin: true, Opcode: ws.Text, Masked: true}
	_, err := m.Write(ws.AppendFrame(nil, h, []byte(text)))
	return err
}

// await reads messages up to the next one of a type.
func (m *member) await(kind string) error {
	for text := []byte(nil); ; {
		event, used := m.frames.Next(m.rest)
		m.rest = m.rest[used:]
		switch event.Kind {
		case ws.NeedMore:
			n, err := m.Read(m.buf[:])
			if err != nil {
				return err
			}
			m.rest = m.buf[:n]
		case ws.Data:
			if text = append(text, event.Payload...); !event.Last {
				continue
			}
			if strings.HasPrefix(string(text), `{"type":"`+kind+`"`) {
				return nil
			}
			text = nil
		case ws.CloseFrame, ws.Failed:
			return fmt.Errorf("the connection has ended with %d", event.Code)
		}
	}
}
