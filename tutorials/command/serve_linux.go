package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// defaultBase is the servers' first port if the user doesn't choose one.
const defaultBase = 8001

// serve builds the three servers and runs them until a signal ends it or no server is left.
func serve(args []string) error {
	fs := newFlags("serve", "[flags]")
	base := fs.Int("base", defaultBase, "first `port` of the three servers, which use consecutive ports; 0: any three free ports")
	at := fs.String("coach", "",
		"`port` of the coach, which runs experiments and badly behaved clients for the pages;\n"+
			"0: any free port; off: no coach (default: the port before -base)")
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends this process immediately, and the lifeline then ends the servers
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

// run starts a server at each of addrs, and the coach c, and prints where they are. It ends them
// when ctx ends. If c is nil, it prints what without says.
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
	defer startLab(ctx, filepath.Join(dir, "site"))()
	printTable(os.Stdout, g.servers, firstPage(dir))
	if without != nil && without.terminal != "" { // below the table, where the user looks last
		fmt.Fprintln(os.Stderr, without.terminal)
	}
	return g.watch(ctx)
}

// serverFlags returns the flags of a server at addr that serves the site that writeSite wrote into
// dir.
func serverFlags(dir, addr string) []string {
	return []string{
		"-addr", addr, "-root", filepath.Join(dir, "site"), "-origins", filepath.Join(dir, "origins"), "-demo",
	}
}

// firstPage returns the address of the first chapter's page in the site that writeSite wrote into dir,
// without the slash before it.
func firstPage(dir string) string {
	pages, _ := filepath.Glob(filepath.Join(dir, "site", "chapters", "[0-9][0-9]-*.html"))
	if len(pages) == 0 {
		return "chapters/"
	}
	return "chapters/" + filepath.Base(pages[0]) // Glob sorts the names
}

// printTable prints the servers' addresses, and where the first chapter is. It omits the coach's
// address, which has no page to read.
func printTable(w io.Writer, servers []*server, first string) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "model\turl\tpid")
	for _, s := range servers {
		fmt.Fprintf(t, "%s\t%s\t%d\n", s.name, s.url, s.cmd.Process.Pid)
	}
	t.Flush()
	fmt.Fprintf(w, "\nOpen any of the three addresses in a browser. The first chapter is at "+
		"%s%s\nPress Ctrl-C to end all servers.\n", servers[0].url, first)
}
