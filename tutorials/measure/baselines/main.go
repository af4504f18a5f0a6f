package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// errUsage means that the command line is wrong, and that standard error already says so.
var errUsage = errors.New("usage")

func main() { os.Exit(dispatch(os.Args[1:])) }

// dispatch runs the command that args names and returns the exit status: 0 if it succeeded, 1 if it
// failed, 2 if the command line is wrong.
func dispatch(args []string) int {
	var err error
	switch {
	case len(args) == 1 && args[0] == "list":
		err = list(os.Stdout)
	case len(args) == 2 && args[0] == "build":
		err = buildAll(args[1])
	case len(args) >= 2 && args[0] == "serve":
		err = serve(args[1], args[2:])
	case len(args) == 1 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		usage(os.Stdout)
	default:
		usage(os.Stderr)
		err = errUsage
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintf(os.Stderr, "baselines: %v\n", err)
	return 1
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: baselines list\n"+
		"       baselines build DIRECTORY\n"+
		"       baselines serve NAME [flags]\n\n"+
		"names: "+strings.Join(names(), " ")+"\n"+
		"“baselines serve NAME -help” lists the flags.\n")
}

func names() []string {
	var all []string
	for _, b := range baselines {
		all = append(all, b.name)
	}
	return all
}

// row is a baseline as list prints it.
type row struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`        // websocket, http or both
	Model       string `json:"model"`       // goroutines, epoll, poll, fork or fork+exec
	HTTP        string `json:"http"`        // path of its page; empty if it has none
	Files       bool   `json:"files"`       // whether it serves the files below -root
	Canned      bool   `json:"canned"`      // whether its echoes have only the length of the message, not its bytes
	Loops       int    `json:"loops"`       // worker processes that share the connections; 0 for other models
	Version     string `json:"version"`     // of the library or program, if it can be found out
	Unavailable string `json:"unavailable"` // why it can't run here; empty if it can
}

func list(w io.Writer) error {
	out := json.NewEncoder(w)
	for _, b := range baselines {
		r := row{Name: b.name, Kind: b.kind, Model: b.model, HTTP: b.page, Files: b.files, Canned: b.canned, Loops: b.workers}
		if b.version != nil {
			r.Version = b.version()
		}
		if err := b.missing(); err != nil {
			r.Unavailable = err.Error()
		}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// serve runs a baseline in the foreground. A baseline that is another program replaces this
// process, and so has its process id.
func serve(name string, args []string) error {
	i := slices.IndexFunc(baselines, func(b baseline) bool { return b.name == name })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "baselines: there is no baseline %q; the baselines are %s\n", name, strings.Join(names(), ", "))
		return errUsage
	}
	b := baselines[i]
	var o options
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:0", "`address` to listen on; port 0 means any free port")
	flags.StringVar(&o.root, "root", "", "serve the files below this `directory`")
	flags.IntVar(&o.message, "size", 64, "`bytes` of a message; the floor needs this, because it doesn't parse messages")
	flags.IntVar(&o.page, "body", 3, "`bytes` of the page")
	flags.BoolVar(&o.deferAccept, "defer-accept", false, "accept clients only when data has arrived (only for the floor)")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case flags.NArg() > 0 || o.message < 0 || o.page < 0:
		fmt.Fprintln(os.Stderr, "baselines: serve takes a name and flags; sizes must not be negative")
		return errUsage
	}
	if err := b.can(o); err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	ln, err := listen(*addr)
	if err != nil {
		return err
	}
	return b.serve(b, ln, o)
}
