//go:build linux

// Command shutdown sends SIGTERM to step 2 and to the chapter's server while clients are connected, and shows what each
// client gets.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// moment is so long that a process can do what it has begun.
const moment = 300 * time.Millisecond

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "shutdown-*")
	must(err)
	defer os.RemoveAll(dir)
	out, err := exec.Command("go", "build", "-o", dir, "threeloops/tutorials/chapters/04-children/steps/2-limit",
		"threeloops/tutorials/chapters/04-children/server").CombinedOutput()
	if err != nil {
		log.Fatalf("%srun this command in the folder of the repository: %v", out, err)
	}
	limit := play(exec.Command(dir+"/2-limit", "-addr", "127.0.0.1:0"))
	server := play(exec.Command(dir+"/server", "-addr", "127.0.0.1:0", "-grace", "1s"))
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the client\tstep 2-limit: answers\tthen\tserver: answers\tthen")
	for i, name := range []string{"is silent", "has sent half a line", "waits for 50 answers", "reads nothing", "connects now"} {
		fmt.Fprintf(t, "%s\t%s\t%s\n", name, limit[i], server[i])
	}
	must(t.Flush())
}

// play starts a server, connects clients, sends SIGTERM to the parent, and returns what each client got. read closes
// all connections, so the children of step 2, which have no parent any more, end too.
func play(server *exec.Cmd) (got []string) {
	stdout, err := server.StdoutPipe()
	must(err)
	must(server.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	must(err)
	addr := strings.Fields(line)[2]
	connect := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		must(err)
		fmt.Fprintln(c, "hello")
		_, err = io.ReadFull(c, make([]byte, 6)) // now it has a child
		must(err)
		return c
	}
	clients := []net.Conn{connect(), connect(), connect()}
	pids := children(server.Process.Pid)
	fmt.Fprint(clients[1], "half")
	for _, pid := range pids { // all children stop for a moment, in the middle of their work
		must(unix.Kill(pid, unix.SIGSTOP))
	}
	fmt.Fprint(clients[2], strings.Repeat("line\n", 50))
	clients = append(clients, connect())
	sent := fill(clients[3])
	pids = children(server.Process.Pid)
	must(server.Process.Signal(unix.SIGTERM))
	time.Sleep(moment)
	for _, pid := range pids {
		unix.Kill(pid, unix.SIGCONT)
	}
	for i, lines := range []int{0, 0, 50} {
		got = append(got, read(clients[i], lines))
	}
	server.Wait() // step 2-limit ends immediately, and the server after its last child
	got = append(got, read(clients[3], sent>>10))
	_, err = net.Dial("tcp", addr)
	got = append(got, "-\t"+ending(err))
	return got
}

// fill sends lines of 1 KiB until the kernels take no more bytes, and returns how many bytes they have taken.
func fill(c net.Conn) (sent int) {
	lines := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), 64<<10)
	for {
		must(c.SetWriteDeadline(time.Now().Add(moment)))
		n, err := c.Write(lines[sent:])
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			log.Fatalf("shutdown: the kernels have taken %d bytes, and then: %v", sent+n, err)
		}
		if sent += n; n == 0 && sent > 0 { // with 0 in total, this program had to wait for the processor
			return sent
		}
	}
}

// read counts the answers to so many lines, and says how the connection ended.
func read(c net.Conn, lines int) string {
	defer c.Close()
	answers, buf := 0, make([]byte, 64<<10)
	for {
		must(c.SetReadDeadline(time.Now().Add(moment)))
		n, err := c.Read(buf)
		answers += bytes.Count(buf[:n], []byte("\n"))
		if err != nil {
			return fmt.Sprintf("%d of %d\t%s", answers, lines, ending(err))
		}
	}
}

func ending(err error) string {
	switch {
	case err == io.EOF:
		return "EOF"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing"
	case errors.Is(err, unix.ECONNRESET):
		return "reset"
	case errors.Is(err, unix.ECONNREFUSED):
		return "refused"
	}
	return fmt.Sprint(err)
}

// children returns the processes that a process has started.
func children(pid int) (pids []int) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	must(err)
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread that has ended has no children
		for _, word := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(word)
			must(err)
			pids = append(pids, pid)
		}
	}
	return pids
}

func must(err error) {
	if err != nil {
		log.Fatal("shutdown: ", err)
	}
}
