//go:build linux

// Command full lets a server run out of descriptors while clients wait in the backlog. It counts how
// often accept fails, by the server's log. Its argument is a server's folder in the repository.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	descriptors = 20 // limit of the server
	clients     = 30 // more than the server can accept
	watched     = time.Second
	patience    = 10 * time.Second // time limit for the first accept to fail
)

func main() {
	folder := append(os.Args[1:], "tutorials/chapters/06-ask-who-is-ready/server")[0]
	dir, err := os.MkdirTemp("", "full-*")
	if err == nil {
		err = compare(folder, dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal("full: ", err)
	}
}

// compare builds the server in dir, and starts it once for each row.
func compare(folder, dir string) error {
	build := exec.Command("go", "build", "-o", dir+"/server", "threeloops/"+folder)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%scan't build %s; run this command inside the repository: %w", out, folder, err)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the clients that were accepted\tfailed accepts\tlines that were echoed")
	for _, talks := range []bool{false, true} {
		failed, echoed, err := run(dir+"/server", talks)
		if err != nil {
			return err
		}
		what := map[bool]string{false: "all are silent", true: "one sends a line after another"}[talks]
		fmt.Fprintf(t, "%s\t%d\t%d\n", what, failed, echoed)
	}
	return t.Flush()
}

// run starts the server with few descriptors, and counts failed accepts and echoed lines for a second.
func run(program string, talks bool) (failed, echoed int, err error) {
	server := exec.Command("sh", "-c", fmt.Sprintf("ulimit -n %d; exec %s -addr 127.0.0.1:0", descriptors, program))
	said, err1 := server.StdoutPipe()
	logged, err2 := os.Create(program + ".log")
	server.Stderr = logged
	if err := cmp.Or(err1, err2); err != nil {
		return 0, 0, err
	}
	if err := server.Start(); err != nil {
		return 0, 0, err
	}
	defer func() { server.Process.Kill(); server.Wait(); logged.Close() }()
	line, err := bufio.NewReader(said).ReadString('\n')
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	var first net.Conn
	for i := 0; i < clients && err == nil; i++ {
		var c net.Conn
		if c, err = net.Dial("tcp", addr); err == nil {
			defer c.Close()
			first = cmp.Or(first, c)
		}
	}
	before := 0
	for late := time.Now().Add(patience); before == 0 && err == nil; time.Sleep(10 * time.Millisecond) {
		if before, err = failures(logged); time.Now().After(late) {
			return 0, 0, fmt.Errorf("the server has logged no failed accept within %v", patience)
		}
	}
	end := time.Now().Add(watched)
	if talks && err == nil {
		echoed, err = talk(first, end)
	}
	time.Sleep(time.Until(end))
	after, err3 := failures(logged)
	return after - before, echoed, cmp.Or(err, err3)
}

// talk sends a line and reads it back, again and again until end. It returns the number of these lines.
func talk(c net.Conn, end time.Time) (echoed int, err error) {
	c.SetDeadline(end.Add(patience)) // a server that hangs mustn't hang this program
	for ; time.Now().Before(end); echoed++ {
		if _, err := fmt.Fprintln(c, "hello"); err != nil {
			return echoed, err
		}
		if _, err := io.ReadFull(c, make([]byte, 6)); err != nil {
			return echoed, err
		}
	}
	return echoed, nil
}

// failures counts the lines of the log that say that accept failed.
func failures(logged *os.File) (int, error) {
	text, err := os.ReadFile(logged.Name())
	return strings.Count(string(text), "accept: "), err
}
