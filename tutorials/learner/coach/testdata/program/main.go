// Command program is an experiment for tests: its name says how it behaves.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

func main() {
	switch _, how, _ := strings.Cut(os.Args[0], "experiment-1."); how {
	case "table", "again":
		fmt.Print("the table\n\nclients   time\n1         2 µs\n2         4 µs\n")
		if os.Getenv("GO_ON") != "" {
			wait()
		}
	case "steps": // goes on when its first line has been read
		fmt.Println("first")
		wait()
		fmt.Print("second")
	case "family":
		child := exec.Command("sleep", "1000")
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(os.Getpid(), child.Process.Pid)
		time.Sleep(1000 * time.Second)
	case "orphan": // leaves a child behind, who holds its output
		child := exec.Command("sleep", "1000")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(os.Getpid(), child.Process.Pid)
	case "babble":
		for {
			fmt.Println("the same again and again, the same again and again")
		}
	case "fails":
		fmt.Println("so far so good")
		fmt.Fprintln(os.Stderr, "no descriptor is left")
		os.Exit(1)
	}
}

// wait waits for the file whose name GO_ON is, half a minute at most.
func wait() {
	for i := 0; i < 3000; i++ {
		if _, err := os.Stat(os.Getenv("GO_ON")); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
