package processtest

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

// operator is somebody at the console of a server.
type operator struct {
	*Process
	in *os.File // what the server reads from
}

// operate starts a server with its console at the end of a pipe.
func operate(t *testing.T, flags ...string) *operator {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { w.Close() })
	o := &operator{prepare(t, nil, append([]string{"-addr=127.0.0.1:0", "-lifeline=3"}, flags...)), w}
	o.start(r)
	r.Close()
	return o
}

func (o *operator) types(line string) {
	o.t.Helper()
	_, err := o.in.WriteString(line + "\n")
	must(o.t, err)
}

// do types a command and returns the lines of the answer. Where it ends shows
// the answer to another one.
func (o *operator) do(command string) (lines []string) {
	o.t.Helper()
	const end = "0000000000"
	o.types(command + "\n" + end)
	for {
		line, err := o.readLine()
		must(o.t, err)
		if strings.HasPrefix(line, fmt.Sprintf("there is no command %q:", end)) {
			return lines
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
}

// answers types a command and fails unless the answer is the line want.
func (o *operator) answers(command, want string) {
	o.t.Helper()
	must(o.t, equal("answer to "+command, strings.Join(o.do(command), "\n"), want))
}

// user is a line of the answer to users.
type user struct {
	ip, id    string
	port, pid int
	phase     string
}

var userLine = regexp.MustCompile(`^(\S+) (\d+) port=(\d+) phase=(\w+) pid=(\d+) (?:\w+=\d+ ?)+$`)

// users returns the clients that the server lists, by port.
func (o *operator) users(command string) map[int]user {
	o.t.Helper()
	all := map[int]user{}
	for _, line := range o.do(command) {
		m := userLine.FindStringSubmatch(line)
		if m == nil {
			o.t.Fatalf("want a line of %s, got %q", command, line)
		}
		u := user{ip: m[1], id: m[2], phase: m[4]}
		u.port, _ = strconv.Atoi(m[3])
		u.pid, _ = strconv.Atoi(m[5])
		all[u.port] = u
	}
	return all
}

func (c *client) port() int { return c.LocalAddr().(*net.TCPAddr).Port }

// idleClient connects a client that has asked once.
func idleClient(t *testing.T, addr string) *client {
	t.Helper()
	c, err := dial(addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = c.get("/healthz")
	must(t, err)
	return c
}

// openWebSocket connects a client with an open WebSocket.
func openWebSocket(t *testing.T, addr string) *client {
	t.Helper()
	c, err := open(addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func runsOperatorCommands(t *testing.T, flags ...string) {
	o := operate(t, append(flags, "-console")...)
	o.answers("users", "nobody is there")
	h, w := idleClient(t, o.Addr), openWebSocket(t, o.Addr)
	o.seesBoth(h, w)
	all := o.users("clients")
	hid, wid := all[h.port()].id, all[w.port()].id

	told := 0
	tell := func(command, want string) {
		t.Helper()
		told++
		o.answers(fmt.Sprintf("%s hello  you, %d", command, told), want)
		must(t, w.receives(ws.Text, fmt.Appendf(nil, "hello  you, %d", told)))
	}
	tell("send 127.0.0.1 "+wid, "sent to 127.0.0.1 "+wid)
	tell("write 127.0.0.1 "+wid, "sent to 127.0.0.1 "+wid)
	tell("send "+wid, "sent to 127.0.0.1 "+wid)
	tell("sendall", "sent to 1 of 2 clients")
	tell("WriteAll", "sent to 1 of 2 clients")
	o.answers("send 127.0.0.1 "+hid+" hello", "127.0.0.1 "+hid+" has no open WebSocket")
	o.answers("send 127.0.0.2 "+wid+" hello", "client "+wid+" has the address 127.0.0.1, not 127.0.0.2")
	o.answers("kick ::1 "+wid, "client "+wid+" has the address 127.0.0.1, not ::1")
	o.answers("kick 1000", "there is no client 1000")
	o.answers("kcik", `there is no command "kcik": the nearest is kick, and help lists all`)
	o.answers("kick", "usage: kick [IP] SOCKET")
	o.answers("sendall "+strings.Repeat("long ", 20000), "a command may have at most 20479 bytes")
	must(t, equal("first line of stats", strings.Join(strings.Fields(o.do("stats")[0]), " "), "connections 2"))
	must(t, equal("lines of help", len(o.do("help")), 8))
	must(t, equal("what help close says", o.do("help close")[0], "kick [IP] SOCKET: close one connection"))

	o.closesClients("kick 127.0.0.1 "+hid, "close 127.0.0.1 "+wid, h, w)
	h, w = idleClient(t, o.Addr), openWebSocket(t, o.Addr)
	all = o.users("users")
	o.closesClients("close "+all[h.port()].id, "kick "+all[w.port()].id, h, w)
	for _, command := range []string{"kickall", "closeall"} {
		h, w := idleClient(t, o.Addr), openWebSocket(t, o.Addr)
		o.answers(command, "closing 2 connections")
		must(t, h.ended())
		h.Close()
		o.closed(w)
		o.waitUntilEmpty()
	}
	o.AwaitOpen(1)
}

// seesBoth fails unless users and its synonyms show an HTTP client and one with
// a WebSocket.
func (o *operator) seesBoth(h, w *client) {
	o.t.Helper()
	for _, command := range []string{"users", "online", "clients"} {
		all := o.users(command)
		must(o.t, equal("clients", len(all), 2))
		for c, phase := range map[*client]string{h: "idle", w: "open"} {
			u := all[c.port()]
			must(o.t, equal("address", u.ip, "127.0.0.1"))
			must(o.t, equal("phase", u.phase, phase))
			if u.pid != o.Pid && !o.isChild(u.pid) {
				o.t.Errorf("want the process of the server or of a child of it, got %d", u.pid)
			}
		}
	}
}

func (p *Process) isChild(pid int) bool {
	for _, c := range p.Children() {
		if c.Pid == pid {
			return true
		}
	}
	return false
}

// closesClients has commands close an HTTP client and one with a WebSocket.
func (o *operator) closesClients(first, second string, h, w *client) {
	o.t.Helper()
	must(o.t, equal("answer to "+first, strings.HasPrefix(o.do(first)[0], "closing 127.0.0.1 "), true))
	must(o.t, h.ended())
	h.Close()
	must(o.t, equal("answer to "+second, strings.HasPrefix(o.do(second)[0], "closing 127.0.0.1 "), true))
	o.closed(w)
	o.waitUntilEmpty()
}

// waitUntilEmpty waits until no client is left.
func (o *operator) waitUntilEmpty() {
	o.t.Helper()
	eventually(o.t, func() error { return equal("users", strings.Join(o.do("users"), "\n"), "nobody is there") })
}

// closed is how a client with a WebSocket sees that it is kicked.
func (o *operator) closed(w *client) {
	o.t.Helper()
	must(o.t, w.closed(ws.PolicyViolation))
	must(o.t, w.send(ws.Close, ws.AppendClose(nil, ws.PolicyViolation, "")))
	must(o.t, w.ended())
	w.Close()
}

func shutsDownAtQuit(t *testing.T) {
	for _, command := range []string{"quit", "exit"} {
		o := operate(t, "-console")
		w := openWebSocket(t, o.Addr)
		o.types(command)
		must(t, w.closed(ws.GoingAway))
		w.Close()
		line, err := o.readLine()
		must(t, err)
		must(t, equal("answer to "+command, line, "shutting down\n"))
		must(t, equal("exit status after "+command, o.Wait(), 0))
	}
}

func servesAfterInputEnds(t *testing.T) {
	t.Run("with a console", func(t *testing.T) {
		o := operate(t, "-console")
		w := openWebSocket(t, o.Addr)
		_, err := o.in.WriteString("sendall last words") // a line without an end
		must(t, err)
		must(t, o.in.Close())
		must(t, w.receives(ws.Text, []byte("last words")))
		line, err := o.readLine()
		must(t, err)
		must(t, equal("the last answer", line, "sent to 1 of 1 clients\n"))
		eventually(t, func() error {
			return equal("lines about the end", strings.Count(o.Log(), "the console has closed"), 1)
		})
		o.CheckHealthz()
		o.idles()
	})
	t.Run("without a console", func(t *testing.T) {
		o := operate(t)
		o.types("quit")
		must(t, o.in.Close())
		o.idles()
		o.CheckHealthz() // a server that shuts down may answer for a moment, but not now
	})
}

// idles fails if a server without work is busy: its loops, or its console.
func (o *operator) idles() {
	o.t.Helper()
	o.CheckSleeps()
	const span = 500 * time.Millisecond
	before := o.cpu()
	time.Sleep(span)
	if used := o.cpu() - before; used > span/2 {
		o.t.Errorf("processor time in %v without anything to do: got %v: it spins", span, used)
	}
}

func listsIPv6Clients(t *testing.T) {
	if ln, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip(err)
	} else {
		ln.Close()
	}
	o := operate(t, "-console", "-addr=[::1]:0")
	w := openWebSocket(t, o.Addr)
	u := o.users("users")[w.port()]
	must(t, equal("address", u.ip, "::1"))
	o.answers("send 127.0.0.1 "+u.id+" hello", "client "+u.id+" has the address ::1, not 127.0.0.1")
	o.answers("send [::1] "+u.id+" hello", "sent to ::1 "+u.id)
	must(t, w.receives(ws.Text, []byte("hello")))
	o.answers("kick ::1 "+u.id, "closing ::1 "+u.id)
	o.closed(w)
}

// runsInBackground runs a server as a background job of a shell at a terminal.
// If it read from the terminal, it would be stopped, and a server started by
// "server &" must serve.
func runsInBackground(t *testing.T) {
	master, slave := terminal(t)
	shell := []string{"/bin/sh", "-m", "-c", `"$@" & wait $!`, "sh"}
	p := prepare(t, shell, []string{"-addr=127.0.0.1:0", "-lifeline=3", "-console"})
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.start(slave)
	slave.Close()
	master.WriteString("quit\n") // for the shell, whose foreground it is
	p.CheckHealthz()
	(&operator{Process: p}).idles()
	fields, err := procStat(p.Pid)
	must(t, err)
	if fields[0] == "T" {
		t.Error("the server is stopped")
	}
	p.CloseStats()
	p.Signal(syscall.SIGTERM)
	must(t, equal("exit status", p.Wait(), 0))
}

// terminal opens both ends of a pseudo-terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	return master, slave
}
