// Command cuts sends requests to five servers, whole, byte by byte and three in one write, and
// counts the answers.
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

const (
	request = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	last    = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
)

func main() {
	dir, err := os.MkdirTemp("", "cuts-*")
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
	const chapters = "threeloops/tutorials/chapters/"
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "answers of\tone request\tbyte by byte\tthree in one write")
	for _, s := range [][2]string{
		{"chapter 1", chapters + "01-one-at-a-time/server"}, {"chapter 2", chapters + "02-bytes/server"},
		{"forkserv", "threeloops/forkserv"}, {"pollserv", "threeloops/pollserv"},
		{"epollserv", "threeloops/epollserv"},
	} {
		if out, err := exec.Command("go", "build", "-o", dir+"/program", s[1]).CombinedOutput(); err != nil {
			return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
		}
		counts, err := ask(exec.Command(dir+"/program", "-addr", "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("%s: %w", s[0], err)
		}
		fmt.Fprintf(w, "%s%s\n", s[0], counts)
	}
	return w.Flush()
}

// ask starts a server, measures, and returns the counts as cells of the table.
func ask(server *exec.Cmd) (counts string, err error) {
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
	for _, writes := range [][]string{{last}, strings.Split(last, ""), {request + request + last}} {
		n, err := answers(addr, writes)
		if err != nil {
			return "", err
		}
		counts += fmt.Sprintf("\t%d", n)
	}
	return counts, nil
}

// answers counts the answers until the server closes the connection, as last asks it to.
func answers(addr string, writes []string) (int, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	for _, piece := range writes {
		if _, err := io.WriteString(c, piece); err != nil {
			return 0, err
		}
		time.Sleep(5 * time.Millisecond)
	}
	all, err := io.ReadAll(c)
	return strings.Count(string(all), "HTTP/1.1 200 OK\r\n"), err
}
