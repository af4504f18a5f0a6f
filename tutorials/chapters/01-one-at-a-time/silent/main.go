// Command silent measures how long a client waits for its answer while other clients, which
// connected before it, say nothing.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

const request = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

func main() {
	dir, err := os.MkdirTemp("", "silent-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// compare builds the servers in dir, then asks each of them.
func compare(dir string) error {
	build := exec.Command("go", "build", "-o", dir, "threeloops/tutorials/chapters/01-one-at-a-time/server",
		"threeloops/forkserv", "threeloops/pollserv", "threeloops/epollserv")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	fmt.Print("How long B waits for its answer, after clients that have connected and say nothing.\n\n")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "server\tnone silent\tone silent\tthree silent")
	for _, command := range []string{"server -patience 1s", "forkserv", "pollserv", "epollserv"} {
		words := strings.Fields(command)
		times, err := ask(exec.Command(dir+"/"+words[0], append(words[1:], "-addr", "127.0.0.1:0")...))
		if err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
		fmt.Fprintf(w, "%s%s\n", command, times)
	}
	return w.Flush()
}

// ask starts a server, measures, and returns the times as cells of the table.
func ask(server *exec.Cmd) (times string, err error) {
	out, err := server.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	defer server.Wait()
	defer server.Process.Signal(syscall.SIGTERM)
	line, err := bufio.NewReader(out).ReadString('\n')
	_, addr, found := strings.Cut(line, "listening on ")
	if !found {
		return "", fmt.Errorf("the server doesn't listen: its first line is %q (%v)", line, err)
	}
	addr, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(addr), "http://"), " ")
	for _, n := range []int{0, 1, 3} {
		took, err := wait(addr, n)
		if err != nil {
			return "", err
		}
		times += fmt.Sprintf("\t%.1f ms", took.Seconds()*1000)
	}
	return times, nil
}

// wait returns how long B waits for its answer after n silent clients have connected.
func wait(addr string, n int) (time.Duration, error) {
	for range n {
		a, err := net.Dial("tcp", addr)
		if err != nil {
			return 0, err
		}
		defer a.Close()
	}
	begin := time.Now()
	b, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	b.SetDeadline(begin.Add(10 * time.Second))
	if _, err = io.WriteString(b, request); err == nil {
		_, err = io.ReadFull(b, make([]byte, len("HTTP/1.1 200 OK")))
	}
	return time.Since(begin), err
}
