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

// models lists the servers in the order of their ports.
var models = []string{"forkserv", "pollserv", "epollserv"}

// command is one of the program's commands. The first word of the command line chooses it.
type command struct {
	name  string
	about string
	run   func(args []string) error
}

var commands = []command{
	{"serve", "build the three servers and run them side by side (the default)", serve},
	{"run", "ask what you expect of a chapter's experiments, run them, and compare", runChapter},
	{"load", "send load to a server, and print how fast it answers", loadCommand},
	{"compare", "measure several servers in turns, and compare them", compareCommand},
	{"million", "connect to one server as often as the machine allows, and print what that costs", millionCommand},
	{"export", "write the site for a host that only sends files", exportCommand},
	{"verify", "check that what the chapters say is still true", verifyChapters},
	{"start", "copy a chapter's exercise into a directory of yours, where you fix it", startExercise},
	{"test", "test a server, in any language, with badly behaved clients", test},
	{"trace", "draw what a server did, call by call, while a check failed", traceServer},
	{"hint", "show the next hint for a chapter's exercise", hintExercise},
	{"diff", "compare your program with ours, and explain what was wrong", diffExercise},
	{"project", "judge a server that you have written to a project's specification", projectCommand},
	{"grade", "test many learners' programs, and write a table of points", gradeCommand},
	{"progress", "show what you have done in the course, and what to do next", showProgress},
}

// Main runs the command that args names and returns the exit status. If a command has started this
// process as a helper, Main does the helper's work instead.
func Main(args []string) int {
	worker()
	return dispatch(args)
}

// dispatch runs the command that args names and returns the exit status: 0 if it succeeded, 1 if it
// failed, 2 if the command line is wrong.
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
	return status(misuse("there is no command %q: “go run ./tutorials help” lists all commands", name))
}

func status(err error) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case unread.Load():
		return 128 + int(syscall.SIGPIPE) // the status that a shell reports for a program ended by SIGPIPE
	}
	fmt.Fprintf(os.Stderr, "tutorials: %v\n", err)
	return 1
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: go run ./tutorials [command] [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.about)
	}
	fmt.Fprint(w, "\n“go run ./tutorials COMMAND -help” explains a command and its flags.\n")
}
