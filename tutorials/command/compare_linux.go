package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/tutorials/measure/compare"
	"threeloops/tutorials/measure/load"
	"threeloops/tutorials/tester/guard"
)

// comparison is what the command line asks for.
type comparison struct {
	compare.Bench
	cases, sweep, out string
	program, base     string
	rounds            int
	smoke             bool
	plan              load.Plan
	own               bool // whether a flag describes a case, which replaces the named ones
	http              bool
	servers           []string
}

// compareCommand measures several servers in turns.
func compareCommand(args []string) error {
	q := comparison{Bench: compare.Bench{Progress: os.Stderr}}
	if err := q.parse(args); err != nil {
		return err
	}
	cases, err := q.chosen()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal()
	defer stop()
	if err := watchGoRun(stop); err != nil {
		return err
	}
	dir, done, err := workDir()
	if err != nil {
		return err
	}
	defer done()
	if err := build(ctx, dir, "measuring them"); err != nil {
		return err
	}
	q.Root = dir
	if err := q.Pin(); err != nil {
		return err
	}
	if q.smoke {
		return smoke(ctx, &q.Bench, compare.Ours(dir))
	}
	err = q.run(ctx, dir, cases)
	if ctx.Err() != nil {
		return errors.New("interrupted before the measurements were done")
	}
	return err
}

func (q *comparison) parse(args []string) error {
	fs := newFlags("compare", "[flags] [server ...]\n\n"+
		"server: forkserv, pollserv, epollserv, nethttp (Go's net/http), the name of a baseline, or “peers” for all\n"+
		"baselines, which are other people's servers. epollserv-2 is epollserv with -loops 2, and so on. Without a\n"+
		"name it measures the first four, or, if all cases are about loops, epollserv and epollserv-2. Those cases\n"+
		"are loops, loops-rate and loops-http (CPU time when the server may use two processors), spread and spread-4000\n"+
		"(how many connections each loop has), greedy and greedy-1MiB (what clients notice of one that never stops\n"+
		"sending).\n"+
		"The flags -conns, -idle, -size, -depth, -text, -churn, -rate and -http describe a case of your own, which\n"+
		"replaces -cases.\n")
	fs.StringVar(&q.cases, "cases", "64B,deep,16KiB,1MiB,churn", "`names` of the cases to measure, with "+
		"commas between them: "+caseNames())
	fs.StringVar(&q.sweep, "sweep", "", "measure cases that differ in one thing, the `axis`: idle, active, "+
		"size, depth or churn")
	fs.IntVar(&q.rounds, "rounds", 7, "`number` of rounds; each round measures each server once")
	fs.DurationVar(&q.Warm, "warm", 300*time.Millisecond, "how long each measurement sends load before it counts")
	fs.DurationVar(&q.Time, "time", time.Second, "how long each measurement counts")
	fs.StringVar(&q.base, "base", "", "the `server` with which the others are compared (default: the first one)")
	fs.StringVar(&q.out, "o", "", "`directory` into which to write report.html, report.json, and a file for "+
		"benchstat per server")
	fs.StringVar(&q.program, "peers", "", "`program` that contains the baselines (default: build it if a "+
		"baseline is named)")
	fs.BoolVar(&q.smoke, "smoke", false, "only check, in 30 s, what must be true on any machine")
	fs.BoolVar(&q.http, "http", false, "send HTTP requests instead of WebSocket messages")
	planFlags(fs, &q.plan)
	servers, err := parseWords(fs, args, 100)
	if err != nil {
		return err
	}
	q.servers = servers
	q.Seed = q.plan.Seed
	ofCase := []string{"conns", "idle", "size", "depth", "text", "churn", "rate", "http"}
	fs.Visit(func(f *flag.Flag) { q.own = q.own || slices.Contains(ofCase, f.Name) })
	if q.rounds < 1 || q.rounds > 1000 || q.Time <= 0 || q.Time > time.Hour || q.Warm < 0 || q.Warm > time.Hour {
		return misuse("-rounds must be 1 to 1000, -time more than 0 and at most 1h, -warm at most 1h")
	}
	return nil
}

func caseNames() string {
	var names []string
	for _, c := range compare.Cases {
		names = append(names, c.Name)
	}
	return strings.Join(names, ",")
}

func (q *comparison) run(ctx context.Context, dir string, cases []compare.Case) error {
	if len(q.servers) == 0 && !slices.ContainsFunc(cases, func(c compare.Case) bool { return !c.AboutLoops() }) {
		q.servers = []string{"epollserv", "epollserv-2"}
	}
	targets, err := q.targets(ctx, dir)
	if err != nil {
		return err
	}
	if err := q.Files(cases); err != nil {
		return err
	}
	if q.out != "" { // an error must come before minutes of measuring
		if err := os.MkdirAll(q.out, 0o777); err != nil {
			return fmt.Errorf("-o: %w", err)
		}
		if err := unix.Access(q.out, unix.W_OK); err != nil {
			return fmt.Errorf("-o: can't write to %s: %w", q.out, err)
		}
	}
	n := len(cases) * len(targets) * q.rounds
	each := q.Warm + q.Time + 300*time.Millisecond
	fmt.Fprintf(os.Stderr, "compare: %d measurements, about %v\n", n, time.Duration(n)*each)
	r, failed := q.Compare(ctx, targets, cases, q.rounds, q.base)
	if len(r.Tables) == 0 {
		return failed
	}
	r.Axis = q.sweep
	r.WriteText(os.Stdout)
	if q.out == "" {
		return failed
	}
	if err := r.Write(q.out); err != nil {
		return err
	}
	fmt.Printf("\nwrote %s/report.html, report.json and, for benchstat, NAME.txt\n", filepath.Clean(q.out))
	return failed
}

// chosen returns the cases that the flags ask for.
func (q *comparison) chosen() ([]compare.Case, error) {
	switch {
	case q.sweep != "":
		return compare.Sweep(q.sweep)
	case q.own:
		return []compare.Case{{Name: "own", HTTP: q.http, Plan: q.plan}}, nil
	}
	return compare.CasesNamed(q.cases)
}

// targets returns the servers that the command line names.
func (q *comparison) targets(ctx context.Context, dir string) (list []compare.Target, err error) {
	known := append(compare.Ours(dir), compare.NetHTTP())
	if len(q.servers) == 0 {
		list = known
	}
	var baselines []compare.Target
	for _, name := range q.servers {
		is := func(t compare.Target) bool { return t.Name == name }
		if i := slices.IndexFunc(known, is); i >= 0 {
			list = append(list, known[i])
			continue
		}
		if t, ok, err := withLoops(known, name); ok || err != nil {
			if err != nil {
				return nil, err
			}
			list = append(list, t)
			continue
		}
		if baselines == nil {
			if baselines, err = q.askBaselines(ctx, dir); err != nil {
				return nil, err
			}
		}
		i := slices.IndexFunc(baselines, is)
		switch {
		case name == "peers":
			list = append(list, baselines...)
		case i < 0:
			return nil, fmt.Errorf("there is no server or baseline %q: “go run ./tutorials compare -help” "+
				"lists the servers", name)
		default:
			list = append(list, baselines[i])
		}
	}
	if q.base != "" && !slices.ContainsFunc(list, func(t compare.Target) bool { return t.Name == q.base }) {
		return nil, fmt.Errorf("-base %s: name a server that is measured", q.base)
	}
	return list, nil
}

// mostLoops is the most loops that a case may need. Placing the clients of a case takes many
// connections for each.
const mostLoops = 64

// withLoops returns epollserv with as many loops as a name like epollserv-2 says. ok is false if
// the name isn't like that.
func withLoops(known []compare.Target, name string) (t compare.Target, ok bool, err error) {
	number, ok := strings.CutPrefix(name, "epollserv-")
	if !ok {
		return t, false, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 || n > mostLoops {
		return t, false, fmt.Errorf("there is no server %q: the number of loops must be 2 to %d", name, mostLoops)
	}
	i := slices.IndexFunc(known, func(t compare.Target) bool { return t.Name == "epollserv" })
	return known[i].WithLoops(n), true, nil
}

// baselinesDir has the program of the baselines. It is a module of its own.
const baselinesDir = "tutorials/measure/baselines"

// askBaselines builds the program of the baselines unless -peers names one, and asks it for its
// list.
func (q *comparison) askBaselines(ctx context.Context, dir string) ([]compare.Target, error) {
	if q.program == "" {
		root, err := repository()
		if err != nil {
			return nil, err
		}
		q.program = filepath.Join(dir, "baselines")
		cmd := guard.Go(ctx, dir, "build", "-o", q.program, ".")
		cmd.Dir = filepath.Join(root, baselinesDir)
		cmd.Env = append(cmd.Env, "GOWORK=off")
		fmt.Fprintln(os.Stderr, "building the baselines ...")
		if said, err := cmd.CombinedOutput(); err != nil {
			os.Stderr.Write(said)
			return nil, fmt.Errorf("can't build %s: %w", baselinesDir, err)
		}
	}
	path, err := filepath.Abs(q.program)
	if err != nil {
		return nil, err
	}
	return compare.Baselines(ctx, path)
}

// smoke makes the checks of -smoke. Its error lists those that fail.
func smoke(ctx context.Context, b *compare.Bench, ours []compare.Target) error {
	wrong, err := compare.Smoke(ctx, b, ours, os.Stdout)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return errors.New("these checks failed: " + strings.Join(wrong, "; "))
	}
	return nil
}
