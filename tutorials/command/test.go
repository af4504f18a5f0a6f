package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/tester"
)

// test plays bad clients to a server, the reader's own or one of ours.
func test(args []string) error {
	o := tester.Options{First: 1, Last: 99}
	fs := newFlags("test", "[N] [flags]\n"+
		"N: what your server must do by chapter N. Without -server and -addr it is the program that start copied.")
	fs.StringVar(&o.Server, "server", "",
		"`command` that starts the server, with {addr} or {port} where its address belongs")
	fs.StringVar(&o.Addr, "addr", "", "`host:port` of a server that is already running")
	fs.StringVar(&o.Path, "path", "/", "`path` of the page that kind http asks for")
	fs.StringVar(&o.WSPath, "ws-path", "/echo", "`path` of the WebSocket that kind ws talks to")
	fs.DurationVar(&o.Patience, "patience", 10*time.Second,
		"how long an answer may take before it counts as missing")
	fs.DurationVar(&o.Wait, "wait", 15*time.Second,
		"how long the server may bear with a client that stops in mid-request")
	kinds := fs.String("kind", "",
		"`kinds` of server, of line, http and ws, with commas; empty: what it is found to speak")
	chapter := fs.String("chapter", "", "checks of this `chapter`, or of some: 3-7; empty: all")
	only := fs.String("check", "", "`names` of checks, with commas; empty: all")
	list := fs.Bool("list", false, "list all checks, and test nothing")
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
		return errors.New("told to end before all was tested")
	}
	return err
}

// testServer makes the checks for a server that belongs to no exercise.
func testServer(ctx context.Context, o tester.Options) error {
	results, err := play(ctx, o)
	if err != nil {
		return err
	}
	return tally(results)
}

// sensible complains of what can't be tested, or can't be waited for.
func sensible(o *tester.Options, number []string) error {
	switch {
	case o.Server != "" && o.Addr != "":
		return misuse("-server starts a server, and -addr says where one runs already: name one of them")
	case o.Server == "" && o.Addr == "" && number == nil:
		return misuse("what is to be tested? The number of a chapter: your copy of its exercise. " +
			"-server COMMAND: what that starts. -addr HOST:PORT: what runs there")
	case o.Patience <= 0 || o.Wait <= 0:
		return misuse("-patience and -wait are times to wait, like 10s")
	}
	return nil
}

// play has the tester make the checks. It says on standard error what is tested and, if that is a terminal, which
// check is being made: some take ten seconds.
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

// words splits a list with commas.
func words(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
}

// chapters reads “3” or “3-7”.
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
		return misuse("-chapter takes a number, or two like 3-7, not %q", s)
	}
	return nil
}

// tally prints how many checks came out how; its error says that some failed.
func tally(results []tester.Result) error {
	count := map[tester.Verdict]int{}
	for _, r := range results {
		count[r.Verdict]++
	}
	fmt.Printf("\n%d ok, %d failed, %d left out\n",
		count[tester.OK], count[tester.Failed], count[tester.LeftOut])
	if n := count[tester.Failed]; n > 0 {
		return fmt.Errorf("failed checks: %d", n)
	}
	return nil
}
