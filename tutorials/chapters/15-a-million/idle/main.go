//go:build linux

// Command idle measures how much memory an idle WebSocket costs in five servers, and in the kernel.
package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// Memory is compared between the first clients and all of them. So what the first clients cost is left out.
const few, many = 1000, 6000
const fewProcesses, manyProcesses = 10, 60

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "idle-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal("idle: ", err)
	}
}

// compare builds the servers in dir, and measures each.
func compare(dir string) error {
	const chapters = "threeloops/tutorials/chapters/"
	for name, programs := range map[string][]string{
		"": {chapters + "15-a-million/server", "threeloops/epollserv", "threeloops/pollserv", "threeloops/forkserv"},
		// The second program with the name server gets another one.
		"goroutines": {chapters + "11-messages-and-goodbye/server"},
	} {
		build := exec.Command("go", append([]string{"build", "-o", filepath.Join(dir, name)}, programs...)...)
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
		}
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "server\tfor each, in the program\tfor each, in the kernel, both ends")
	for _, s := range []struct {
		about, program string
		few, many      int
	}{
		{"this chapter's", "server", few, many},
		{"epollserv", "epollserv", few, many},
		{"pollserv", "pollserv", few, many},
		{"goroutines (chapter 11)", "goroutines", few, many},
		{"forkserv", "forkserv", fewProcesses, manyProcesses},
	} {
		ours, kernel, err := measure(exec.Command(filepath.Join(dir, s.program), "-addr", "127.0.0.1:0"), s.few, s.many)
		if err != nil {
			return fmt.Errorf("%s: %w", s.about, err)
		}
		shown := "-"
		if kernel > 0 { // otherwise other programs have given more back than the connections need
			shown = fmt.Sprintf("%.1f KiB", kernel)
		}
		fmt.Fprintf(t, "%s\t%.1f KiB\t%s\n", s.about, ours, shown)
	}
	return t.Flush()
}

var address = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// measure starts a server, and connects clients, which stay. It returns the KiB that one more client costs.
func measure(server *exec.Cmd, few, many int) (ours, kernel float64, err error) {
	out, err := server.StdoutPipe()
	if err := cmp.Or(err, server.Start()); err != nil {
		return 0, 0, err
	}
	defer server.Wait()
	defer server.Process.Signal(syscall.SIGTERM)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, 0, err
	}
	addr, clients := address.FindString(line), []net.Conn{}
	defer func() {
		for _, c := range clients {
			c.(*net.TCPConn).SetLinger(0) // a RST, so that no socket stays in TIME_WAIT
			c.Close()
		}
	}()
	var memory, slabs [2]int
	for i, n := range []int{few, many} {
		for len(clients) < n && err == nil {
			var more []net.Conn
			more, err = connect(addr, min(250, n-len(clients)))
			clients = append(clients, more...)
		}
		time.Sleep(200 * time.Millisecond) // for what the server does after its last response
		if memory[i], slabs[i] = family(server.Process.Pid), kernelMemory(); memory[i] == 0 {
			err = cmp.Or(err, errors.New("/proc/PID/smaps_rollup of the server can't be read"))
		}
	}
	each := func(kib [2]int) float64 { return float64(kib[1]-kib[0]) / float64(many-few) }
	return each(memory), each(slabs), err
}

// connect connects n clients, and opens their WebSockets.
func connect(addr string, n int) (all []net.Conn, err error) {
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	for _, c := range all {
		_, e := fmt.Fprintf(c, "GET /echo HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
		err = cmp.Or(err, e)
	}
	answer := make([]byte, 1024)
	for _, c := range all {
		c.SetDeadline(time.Now().Add(15 * time.Second))
		got, e := c.Read(answer)
		if e == nil && !strings.HasPrefix(string(answer[:got]), "HTTP/1.1 101") {
			e = errors.New("the handshake has failed")
		}
		err = cmp.Or(err, e)
	}
	return all, err
}

// family returns the memory of a process and its children in KiB: the proportional set size.
func family(pid int) (sum int) {
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		stat, _ := os.ReadFile(process + "/stat") // “PID (name) state PPID ...”
		_, after, _ := strings.Cut(string(stat), ") ")
		var state string
		var parent int
		fmt.Sscan(after, &state, &parent)
		if parent == pid || process == fmt.Sprintf("/proc/%d", pid) {
			sum += field(process+"/smaps_rollup", "Pss:")
		}
	}
	return sum
}

// kernelMemory returns how much memory the kernel uses for objects such as sockets, for stacks, and for tables
// of pages.
func kernelMemory() (sum int) {
	for _, name := range []string{"Slab:", "KernelStack:", "PageTables:"} {
		sum += field("/proc/meminfo", name)
	}
	return sum
}

// field returns a number of KiB from a file of lines like “Slab: 12 kB”, or 0.
func field(file, name string) (n int) {
	text, _ := os.ReadFile(file)
	_, after, _ := strings.Cut("\n"+string(text), "\n"+name)
	fmt.Sscan(after, &n)
	return n
}
