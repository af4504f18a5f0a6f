package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
)

// errUsage means that the command line is wrong, and that standard error already says so.
var errUsage = errors.New("usage")

// misuse prints one line that says what is wrong with the command line.
func misuse(format string, args ...any) error {
	fmt.Fprintf(os.Stderr, "tutorials: "+format+"\n", args...)
	return errUsage
}

// newFlags makes the flags of a command. words is what the help shows after the command's name: the
// command's arguments and an explanation of them.
func newFlags(name, words string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // parseWords prints errors, in one line
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: go run ./tutorials %s %s\n", name, words)
		fs.PrintDefaults()
	}
	return fs
}

// parse parses the command line of a command that takes only flags.
func parse(fs *flag.FlagSet, args []string) error {
	words, err := parseWords(fs, args, 1)
	if err == nil && len(words) > 0 {
		return misuse("%s takes only flags, not %q", fs.Name(), words[0])
	}
	return err
}

// parseWords parses a command line with at most so many words, which may stand before, between and
// after the flags.
func parseWords(fs *flag.FlagSet, args []string, most int) (words []string, err error) {
	for {
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			fs.SetOutput(os.Stdout)
			fs.Usage()
			return nil, err
		case err != nil:
			return nil, wrongFlag(fs, err)
		case fs.NArg() == 0:
			return words, nil
		case len(words) == most:
			return nil, misuse("%s takes fewer words, and can't use %q: %s", fs.Name(), fs.Arg(0), seeHelp(fs))
		}
		words, args = append(words, fs.Arg(0)), slices.Clone(fs.Args()[1:])
	}
}

func seeHelp(fs *flag.FlagSet) string {
	return fmt.Sprintf("“go run ./tutorials %s -help” explains the command", fs.Name())
}

// badValue matches package flag's error for a wrong value.
var badValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^: ]+): `)

// wrongFlag prints what is wrong with a flag and, if it can, an example of a right value.
func wrongFlag(fs *flag.FlagSet, err error) error {
	if m := badValue.FindStringSubmatch(err.Error()); m != nil {
		if f := fs.Lookup(m[2]); f != nil && f.DefValue != "" {
			return misuse("%s -%s takes a value like %s, not %q", fs.Name(), f.Name, f.DefValue, m[1])
		}
	}
	return misuse("%s: %v: %s", fs.Name(), err, seeHelp(fs))
}
