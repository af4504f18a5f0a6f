package tester_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"threeloops/tutorials/tester"
)

// A server that sends all bytes back immediately passes two checks for a server that sends lines back.
// More checks would find the difference.
func Example() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ln.Close()
	go func() {
		for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	results, err := tester.Run(context.Background(), tester.Options{
		Addr: ln.Addr().String(), Kinds: []string{"line"}, First: 1, Last: 4,
		Only: []string{"answer", "together", "zombies"}, Patience: 10 * time.Second,
	}, os.Stdout)
	fmt.Println(len(results), "checks were made or left out, error:", err)
	// Output:
	// ok        line  answer       chapter 1
	// ok        line  together     chapter 2
	// left out  line  zombies      chapter 4: it inspects the server's process: use -server instead of -addr
	// 3 checks were made or left out, error: <nil>
}
