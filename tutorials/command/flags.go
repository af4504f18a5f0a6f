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

// errUsage is a wrong command line, already explained on standard error.
var errUsage = errors.New("usage")

// misuse says in a line what is wrong with the command line.
func misuse(format string, args ...any) error {
	fmt.Fprintf(os.Stderr, "tutorials: "+format+"\n", args...)
	return errUsage
}

// newFlags are the flags of a command. Its help begins with what stands behind its name, words for instance, and
// what they are.
func newFlags(name, words string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // parseWords says what is wrong, in a line
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: go run ./tutorials %s %s\n", name, words)
		fs.PrintDefaults()
	}
	return fs
}

// parse reads the flags of a command that takes nothing else.
func parse(fs *flag.FlagSet, args []string) error {
	words, err := parseWords(fs, args, 1)
	if err == nil && len(words) > 0 {
		return misuse("%s takes flags only, not %q", fs.Name(), words[0])
	}
	return err
}

// parseWords reads a command line whose words, so many at most, may stand before, between and behind its
// flags.
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
			return nil, misuse("%s has no use for %q: %s", fs.Name(), fs.Arg(0), seeHelp(fs))
		}
		words, args = append(words, fs.Arg(0)), slices.Clone(fs.Args()[1:])
	}
}

func seeHelp(fs *flag.FlagSet) string {
	return fmt.Sprintf("“go run ./tutorials %s -help” says what it takes", fs.Name())
}

// badValue is how package flag complains of a value.
var badValue = regexp.MustCompile(`^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^: ]+): `)

// wrongFlag says what is wrong with a flag, and what would be right.
func wrongFlag(fs *flag.FlagSet, err error) error {
	if m := badValue.FindStringSubmatch(err.Error()); m != nil {
		if f := fs.Lookup(m[2]); f != nil && f.DefValue != "" {
			return misuse("%s -%s takes a value like %s, not %q", fs.Name(), f.Name, f.DefValue, m[1])
		}
	}
	return misuse("%s: %v: %s", fs.Name(), err, seeHelp(fs))
}
