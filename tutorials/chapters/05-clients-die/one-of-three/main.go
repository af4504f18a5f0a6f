//go:build linux

// Command one-of-three resets one of three connections, and counts who else is still served.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"text/tabwriter"
	"time"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		serve(os.Args[1], os.NewFile(3, "given"))
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "an error ends\tothers served")
	for _, how := range []string{"the client's process", "the client's goroutine", "everybody's process"} {
		fmt.Fprintf(t, "%s\t%d\n", how, try(how))
	}
	must(t.Flush())
}

// try starts a server, connects three clients, and resets the second one. It returns how many
// of the other two still get an answer.
func try(how string) int {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := start(how, ln.(*net.TCPListener))
	defer server.Wait()
	defer server.Process.Kill() // if it still runs
	must(ln.Close())            // the server has its own copy
	var all [3]net.Conn
	for i := range all {
		all[i], err = net.Dial("tcp", ln.Addr().String())
		must(err)
		defer all[i].Close()
		ask(all[i]) // after the answer the server has accepted this client
	}
	must(all[1].(*net.TCPConn).SetLinger(0)) // so that Close sends RST
	must(all[1].Close())
	time.Sleep(300 * time.Millisecond)
	return ask(all[0]) + ask(all[2])
}

func ask(c net.Conn) int {
	fmt.Fprint(c, "x")
	answers, _ := c.Read(make([]byte, 1))
	return answers
}

// start runs this program again, with a copy of given as its descriptor 3.
func start(how string, given interface{ File() (*os.File, error) }) *exec.Cmd {
	f, err := given.File()
	must(err)
	defer f.Close()
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{"server", how}, ExtraFiles: []*os.File{f}}
	must(cmd.Start())
	return cmd
}

// serve is the server, which has the listener, or a child, which has one connection.
func serve(how string, given *os.File) {
	if how == "child" {
		echo(given, log.Fatal)
		return
	}
	ln, err := net.FileListener(given)
	must(err)
	for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
		switch how {
		case "the client's process":
			child := start("child", c.(*net.TCPConn))
			go child.Wait() // so that it doesn't stay a zombie
			must(c.Close()) // the child has its own copy
		case "the client's goroutine":
			go echo(c, func(...any) {})
		case "everybody's process":
			go echo(c, log.Fatal)
		}
	}
}

func echo(c io.ReadWriteCloser, failed func(...any)) {
	defer c.Close()
	if _, err := io.Copy(c, c); err != nil {
		failed(err)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal("one-of-three: ", err)
	}
}
