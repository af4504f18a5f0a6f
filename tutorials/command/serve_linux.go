package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// defaultBase is the first of the servers' ports if the user doesn't choose.
const defaultBase = 8001

// serve builds the three servers and runs them until it is told to end or none
// of them is left.
func serve(args []string) error {
	fs := newFlags("serve", "[flags]")
	base := fs.Int("base", defaultBase, "first of three consecutive `port`s; 0: any three that are free")
	at := fs.String("coach", "",
		"`port` of the coach, which runs experiments and plays bad clients for the pages;\n"+
			"0: any that is free; off: none (default: the port before the first)")
	if err := parse(fs, args); err != nil {
		return err
	}
	if err := checkBase(*base, len(models)); err != nil {
		return err
	}
	coachAt, err := coachPort(*at, *base)
	if err != nil {
		return err
	}

	ctx, stop := untilSignal()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends this process immediately, and so, by the lifeline, the servers
	ctx, orphaned := context.WithCancel(ctx)
	defer orphaned()
	if err := watchGoRun(orphaned); err != nil {
		return err
	}

	dir, done, err := workDir()
	if err != nil {
		return err
	}
	defer done()
	ln, without := listenForCoach(coachAt, *base)
	if ln != nil {
		defer ln.Close()
	}
	addrs, err := freeAddrs(*base, len(models))
	if err != nil {
		return err
	}
	if err := build(ctx, dir, "writing the site and starting them"); err != nil {
		return err
	}
	if err := writeSite(dir, addrs); err != nil {
		return err
	}
	c, without, err := newCoach(ln, without, dir, addrs)
	if err != nil {
		return err
	}
	return run(ctx, dir, addrs, c, without)
}

// run starts a server at each of addrs, and c, says where they are, and ends them when
// ctx is over. If c is nil, it says what without says.
func run(ctx context.Context, dir string, addrs []string, c *runningCoach, without *absence) (err error) {
	g, err := newGroup()
	if err != nil {
		return err
	}
	defer func() {
		if end := g.end(); err == nil {
			err = end
		}
	}()
	for i, name := range models {
		if err := g.start(filepath.Join(dir, name), serverFlags(dir, addrs[i])...); err != nil {
			return err
		}
	}
	if err := g.ready(ctx); err != nil {
		return err
	}
	defer c.start(ctx)()
	printTable(os.Stdout, g.servers)
	if without != nil && without.terminal != "" { // below the table, where the user looks last
		fmt.Fprintln(os.Stderr, without.terminal)
	}
	return g.watch(ctx)
}

// serverFlags are those of a server at addr that serves what writeSite has written into dir.
func serverFlags(dir, addr string) []string {
	return []string{
		"-addr", addr, "-root", filepath.Join(dir, "site"), "-origins", filepath.Join(dir, "origins"), "-demo",
	}
}

// printTable says where to begin. The coach has no page to read, so its address isn't among those to open.
func printTable(w io.Writer, servers []*server) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "model\turl\tpid")
	for _, s := range servers {
		fmt.Fprintf(t, "%s\t%s\t%d\n", s.name, s.url, s.cmd.Process.Pid)
	}
	t.Flush()
	fmt.Fprintf(w, "\nOpen any of the three in a browser. The chapters begin at %schapters/01-one-at-a-time.html\n"+
		"Ctrl-C ends them all.\n", servers[0].url)
}
