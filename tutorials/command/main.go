package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// models are the servers, in the order of their ports.
var models = []string{"forkserv", "pollserv", "epollserv"}

// command is what the first word of the command line chooses.
type command struct {
	name  string
	about string
	run   func(args []string) error
}

var commands = []command{
	{"serve", "build the three servers and run them side by side (the default)", serve},
	{"run", "ask for your predictions of a chapter, run its experiments, and compare", runChapter},
	{"load", "make load for a server and say how fast it is answered", loadCommand},
	{"compare", "measure servers against each other, in turns", compareCommand},
	{"verify", "hold the chapters against the code and what it does", verifyChapters},
	{"start", "lay the exercise of a chapter somewhere, for you to mend it there", startExercise},
	{"test", "play bad clients to a server, in any language, and say what comes back", test},
	{"hint", "show one more hint for the exercise of a chapter", hintExercise},
	{"diff", "compare your program with ours, and say what was wrong", diffExercise},
}

// Main runs the command that args names, or does the work that a command has started this
// program again for. It returns the exit status.
func Main(args []string) int {
	worker()
	return dispatch(args)
}

// dispatch runs the command that args names and returns the exit status: 0 when
// it did what was asked, 1 when it failed, 2 when the command line is wrong.
func dispatch(args []string) int {
	name := "serve"
	switch {
	case len(args) == 0:
	case args[0] == "help" && len(args) > 1:
		name, args = args[1], []string{"-help"}
	case args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help":
		usage(os.Stdout)
		return 0
	case !strings.HasPrefix(args[0], "-"):
		name, args = args[0], args[1:]
	}
	for _, c := range commands {
		if c.name == name {
			return status(c.run(args))
		}
	}
	return status(misuse("there is no command %q: “go run ./tutorials help” lists all", name))
}

func status(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case unread.Load():
		return 128 + int(syscall.SIGPIPE) // as a shell has it of a program that a broken pipe ends
	}
	fmt.Fprintf(os.Stderr, "tutorials: %v\n", err)
	return 1
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: go run ./tutorials [command] [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.about)
	}
	fmt.Fprint(w, "\n“go run ./tutorials command -help” lists the flags of a command.\n")
}
