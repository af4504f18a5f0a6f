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

// errUsage is a wrong command line, already explained on standard error.
var errUsage = errors.New("usage")

func main() { os.Exit(dispatch(os.Args[1:])) }

// dispatch runs the command that args names and returns the exit status: 0 when
// it did what was asked, 1 when it failed, 2 when the command line is wrong.
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
	HTTP        string `json:"http"`        // the path of its page, or empty
	Files       bool   `json:"files"`       // it serves those below -root
	Canned      bool   `json:"canned"`      // its echoes have the length of the message and nothing else of it
	Version     string `json:"version"`     // of the library or program, where it can be told
	Unavailable string `json:"unavailable"` // why it can't run here, or empty
}

func list(w io.Writer) error {
	out := json.NewEncoder(w)
	for _, b := range baselines {
		r := row{Name: b.name, Kind: b.kind, Model: b.model, HTTP: b.page, Files: b.files, Canned: b.canned}
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

// serve runs a baseline in the foreground. Those that are programs of their own take
// this one's place, so that its process number is theirs.
func serve(name string, args []string) error {
	i := slices.IndexFunc(baselines, func(b baseline) bool { return b.name == name })
	if i < 0 {
		fmt.Fprintf(os.Stderr, "baselines: there is no baseline %q; there are %s\n", name, strings.Join(names(), ", "))
		return errUsage
	}
	b := baselines[i]
	var o options
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:0", "`address` to listen on; with port 0 any that is free")
	flags.StringVar(&o.root, "root", "", "serve the files below this `directory`")
	flags.IntVar(&o.message, "size", 64, "`bytes` of a message, for the floor, which doesn't parse it")
	flags.IntVar(&o.page, "body", 3, "`bytes` of the page")
	flags.BoolVar(&o.deferAccept, "defer-accept", false, "the floor: accept clients when they have spoken")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case flags.NArg() > 0 || o.message < 0 || o.page < 0:
		fmt.Fprintln(os.Stderr, "baselines: serve takes a name and flags, whose sizes are not negative")
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
