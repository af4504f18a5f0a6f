//go:build linux

// Command sigpipe writes to a socket whose other end is closed. The socket is descriptor 3, 2,
// or 1. It shows what happens to the program that writes.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		write(os.Args[1:])
		return
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "the socket is\tthe program")
	fmt.Fprintf(t, "%s\t%s\n", "descriptor 3", run(3))
	fmt.Fprintf(t, "%s\t%s\n", "descriptor 2, standard error", run(2))
	fmt.Fprintf(t, "%s\t%s\n", "descriptor 1, standard output", run(1))
	fmt.Fprintf(t, "%s\t%s\n", "descriptor 1, SIGPIPE ignored", run(1, "ignore"))
	must(t.Flush())
}

// run runs this program again, with a socket whose other end is closed as descriptor fd.
func run(fd int, args ...string) string {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.Close(pair[1]))
	socket := os.NewFile(uintptr(pair[0]), "socket")
	defer socket.Close()
	cmd := exec.Command("/proc/self/exe", append([]string{strconv.Itoa(fd)}, args...)...)
	switch fd {
	case 1:
		cmd.Stdout = socket
	case 2:
		cmd.Stderr = socket
	case 3:
		cmd.ExtraFiles = []*os.File{socket}
	}
	cmd.Run() // its error doesn't matter: ProcessState says how the program ended
	switch status := cmd.ProcessState.Sys().(syscall.WaitStatus); {
	case status.Signaled():
		return "is ended by " + unix.SignalName(status.Signal())
	case status.ExitStatus() == 7:
		return "gets the error EPIPE, and goes on"
	}
	return cmd.ProcessState.String()
}

// write writes to a descriptor. Exit status 7 says that write returned EPIPE, and that no signal
// ended the program.
func write(args []string) {
	fd, err := strconv.Atoi(args[0])
	must(err)
	if len(args) > 1 {
		signal.Ignore(unix.SIGPIPE)
	}
	if _, err := os.NewFile(uintptr(fd), "socket").Write([]byte("x")); errors.Is(err, unix.EPIPE) {
		os.Exit(7)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal("sigpipe: ", err)
	}
}
