package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"threeloops/tutorials/tester"
)

// test tests a server, the reader's own or one of ours, with badly behaved clients.
func test(args []string) error {
	o := tester.Options{Last: 99}
	fs := newFlags("test", "[N] [flags]\n"+
		"N: the number of a chapter: checks what your server must do after that chapter. Without -server and -addr\n"+
		"it tests the program that “start N” copied.")
	kinds, chapter := testerFlags(fs, &o)
	fs.StringVar(&o.Addr, "addr", "", "`host:port` of a server that is already running")
	only := fs.String("check", "", "only the checks with these `names`, with commas between them (default: all)")
	list := fs.Bool("list", false, "list all checks, without a test")
	number, err := parseWords(fs, args, 1)
	if err != nil {
		return err
	}
	if *list {
		tester.List(os.Stdout)
		return nil
	}
	o.Kinds, o.Only = words(*kinds), words(*only)
	if err := chapters(*chapter, &o); err != nil {
		return err
	}
	if err := sensible(&o, number); err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	if len(number) > 0 {
		err = testChapter(ctx, number[0], o, *chapter == "")
	} else {
		err = testServer(ctx, o)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted before all checks were made")
	}
	return err
}

// testerFlags defines the flags of the commands that run the tester.
func testerFlags(fs *flag.FlagSet, o *tester.Options) (kinds, chapter *string) {
	fs.StringVar(&o.Server, "server", "",
		"`command` that starts the server, with {addr} or {port} in place of its address")
	fs.StringVar(&o.Path, "path", "/", "`path` of the page that the checks of kind http request")
	fs.StringVar(&o.WSPath, "ws-path", "/echo", "`path` of the WebSocket that the checks of the kinds ws and room use")
	patienceFlags(fs, o)
	kinds = fs.String("kind", "",
		"`kinds` of server to test it as: line, http, ws, room, shards, or several with commas (default: find out, but never room or shards)")
	chapter = fs.String("chapter", "", "only the checks of this `chapter`, or of several, like 3-7 (default: all)")
	return kinds, chapter
}

// testServer tests a server that belongs to no exercise.
func testServer(ctx context.Context, o tester.Options) error {
	results, err := play(ctx, o)
	if err != nil {
		return err
	}
	return tally(results)
}

// sensible returns an error if the options don't say what to test, or contradict each other.
func sensible(o *tester.Options, number []string) error {
	switch {
	case o.Server != "" && o.Addr != "":
		return misuse("-server starts a server, and -addr names a running one: give only one of these flags")
	case o.Server == "" && o.Addr == "" && number == nil:
		return misuse("say what to test: a chapter's number for your copy of its exercise, -server COMMAND " +
			"for a server to start, " +
			"or -addr HOST:PORT for a running one")
	case o.Patience <= 0 || o.Wait <= 0:
		return misuse("-patience and -wait must be more than 0, like 10s")
	}
	return nil
}

// play runs the tester. It prints on standard error what it tests and, if that is a terminal, which
// check is being made, because some take ten seconds.
func play(ctx context.Context, o tester.Options) ([]tester.Result, error) {
	what := o.Addr
	if o.Server != "" {
		what = "“" + o.Server + "”"
	}
	fmt.Fprintf(os.Stderr, "testing %s ...\n", what)
	out := outWithStatus()
	defer out.clear()
	o.Begin = out.say
	return tester.Run(ctx, o, out)
}

// words splits a list at commas and blanks.
func words(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
}

// chapters parses a range of chapters, like “3” or “3-7”.
func chapters(s string, o *tester.Options) error {
	if s == "" {
		return nil
	}
	first, last, isRange := strings.Cut(s, "-")
	if !isRange {
		last = first
	}
	var bad [2]error
	o.First, bad[0] = strconv.Atoi(first)
	o.Last, bad[1] = strconv.Atoi(last)
	if bad[0] != nil || bad[1] != nil || o.First > o.Last {
		return misuse("-chapter takes a number or a range, like 3 or 3-7, not %q", s)
	}
	return nil
}

// tally prints how many checks passed, failed and were left out. It returns an error if any failed.
func tally(results []tester.Result) error {
	count := map[tester.Verdict]int{}
	for _, r := range results {
		count[r.Verdict]++
	}
	fmt.Printf("\n%d ok, %d failed, %d left out\n",
		count[tester.OK], count[tester.Failed], count[tester.LeftOut])
	switch n := count[tester.Failed]; n {
	case 0:
		return nil
	case 1:
		return errors.New("1 check failed")
	default:
		return fmt.Errorf("%d checks failed", n)
	}
}
