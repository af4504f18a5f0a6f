package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	own               bool // flags describe a case of their own
	http              bool
	servers           []string
}

// compareCommand measures servers in turns.
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
		return errors.New("told to end before it was done")
	}
	return err
}

func (q *comparison) parse(args []string) error {
	fs := newFlags("compare", "[flags] [server ...]\n\n"+
		"servers: forkserv pollserv epollserv nethttp (all four if none is named), baselines by their names,\n"+
		"or “peers” for all of those. -conns, -size and the like make a case of their own.\n")
	fs.StringVar(&q.cases, "cases", "64B,deep,16KiB,1MiB,churn", "`names` of what to measure: "+caseNames())
	fs.StringVar(&q.sweep, "sweep", "", "measure along an `axis`: idle, active, size, depth or churn")
	fs.IntVar(&q.rounds, "rounds", 7, "`rounds`; in each all servers are measured once")
	fs.DurationVar(&q.Warm, "warm", 300*time.Millisecond, "how long each makes load before it is counted")
	fs.DurationVar(&q.Time, "time", time.Second, "how long each is counted")
	fs.StringVar(&q.base, "base", "", "the `server` with which others are compared; empty: the first")
	fs.StringVar(&q.out, "o", "", "`directory` for report.html, report.json, and NAME.txt for benchstat")
	fs.StringVar(&q.program, "peers", "", "`program` of the baselines; empty: it is built when one of them is named")
	fs.BoolVar(&q.smoke, "smoke", false, "only check in 30 s what must be so on any machine")
	fs.BoolVar(&q.http, "http", false, "with -conns and the like: HTTP and not WebSocket")
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
		return misuse("-rounds: up to 1000; -time, -warm: up to an hour")
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
	targets, err := q.targets(ctx, dir)
	if err != nil {
		return err
	}
	if err := q.Files(cases); err != nil {
		return err
	}
	if q.out != "" { // before it takes minutes
		if err := os.MkdirAll(q.out, 0o777); err != nil {
			return fmt.Errorf("-o: %w", err)
		}
		if err := unix.Access(q.out, unix.W_OK); err != nil {
			return fmt.Errorf("-o: %s can't be written to: %w", q.out, err)
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

// chosen are the cases that the flags ask for.
func (q *comparison) chosen() ([]compare.Case, error) {
	switch {
	case q.sweep != "":
		return compare.Sweep(q.sweep)
	case q.own:
		return []compare.Case{{Name: "own", HTTP: q.http, Plan: q.plan}}, nil
	}
	return compare.CasesNamed(q.cases)
}

// targets are the servers that were named.
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
			return nil, fmt.Errorf("there is no server %q, nor a baseline of that name", name)
		default:
			list = append(list, baselines[i])
		}
	}
	if q.base != "" && !slices.ContainsFunc(list, func(t compare.Target) bool { return t.Name == q.base }) {
		return nil, fmt.Errorf("-base %s: it is not among those that are measured", q.base)
	}
	return list, nil
}

// baselinesDir is where the program of the baselines is, a module of its own.
const baselinesDir = "tutorials/measure/baselines"

// askBaselines builds the program of the baselines unless it was given, and asks it which there are.
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
			return nil, fmt.Errorf("%s can't be built: %w", baselinesDir, err)
		}
	}
	path, err := filepath.Abs(q.program)
	if err != nil {
		return nil, err
	}
	return compare.Baselines(ctx, path)
}

// smoke checks what must be so, and says what isn't.
func smoke(ctx context.Context, b *compare.Bench, ours []compare.Target) error {
	wrong, err := compare.Smoke(ctx, b, ours, os.Stdout)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return errors.New("not so: " + strings.Join(wrong, "; "))
	}
	return nil
}
