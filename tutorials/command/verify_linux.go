package command

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/verify"
)

// verifyChapters compares the chapters with the code, and with what the servers do.
func verifyChapters(args []string) error {
	fs := newFlags("verify", "[flags]")
	measure := fs.Bool("measure", false, "also repeat the measurements, which depend on the machine, and show "+
		"your results beside ours")
	record := fs.Bool("record", false, "write the new results into the chapters, and show what has changed")
	only := fs.Int("chapter", -1, "run only what the chapter with this `number` shows")
	if err := parse(fs, args); err != nil {
		return err
	}
	root, err := repository()
	if err != nil {
		return err
	}
	return inWorkDir(func(ctx context.Context, dir string) error {
		if err := prepare(ctx, dir); err != nil {
			return err
		}
		o := verifyOptions(root, dir, *measure, *record)
		o.Progress = os.Stderr
		if *only >= 0 {
			o.Only = func(c *markdown.Chapter) bool { return c.Numbered && c.Number == *only }
		}
		return verify.Run(ctx, o)
	})
}

// prepare builds the servers into dir, and writes the same site there that a reader's servers have.
func prepare(ctx context.Context, dir string) error {
	if err := build(ctx, dir, "verifying the chapters, which takes two minutes or more"); err != nil {
		return err
	}
	return writeSite(dir, chapterAddrs())
}

// verifyOptions returns the options for a verification in dir, which prepare must have filled.
func verifyOptions(root, dir string, measure, record bool) verify.Options {
	return verify.Options{
		Root: root, Folder: markdown.Folder, Measure: measure, Record: record, Path: dir, Temp: dir, Out: os.Stdout,
		Required: os.Getenv("THREELOOPS_REQUIRE") == "all",
		Start:    func(ctx context.Context) (*verify.Servers, error) { return startForChapter(ctx, dir) },
	}
}

// startForChapter starts the servers in dir on free ports.
func startForChapter(ctx context.Context, dir string) (*verify.Servers, error) {
	addrs, err := freeAddrs(0, len(models))
	if err != nil {
		return nil, err
	}
	if err := writeOrigins(dir, addrs); err != nil {
		return nil, err
	}
	g, err := newGroup()
	if err != nil {
		return nil, err
	}
	s := &verify.Servers{Ports: make(map[int]int), Stop: g.end}
	for i, name := range models {
		flags := append(serverFlags(dir, addrs[i]), "-log", "warn")
		if err := g.start(filepath.Join(dir, name), flags...); err != nil {
			g.end()
			return nil, err
		}
		_, port, _ := net.SplitHostPort(addrs[i])
		n, _ := strconv.Atoi(port)
		s.Ports[chapterBase+i] = n
		s.Pids = append(s.Pids, g.servers[i].cmd.Process.Pid)
	}
	if err := g.ready(ctx); err != nil {
		g.end()
		return nil, fmt.Errorf("the servers for the chapters: %w", err)
	}
	return s, nil
}
