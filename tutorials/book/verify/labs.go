//go:build linux

package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/quote"
	"threeloops/tutorials/tester/guard"
)

// labs plays the laboratory's examples that chapters show, and compares their pictures with the runs.
func (r *run) labs(book *markdown.Book) error {
	var names, players []string
	for _, c := range book.All() {
		for _, l := range c.Labs {
			r.claims++
			names, players = append(names, l.Name), append(players, l.Players...)
		}
	}
	if names == nil {
		return nil
	}
	dir, err := os.MkdirTemp(r.Temp, "threeloops-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	play := r.Play
	if play == nil {
		play = r.playGallery
	}
	slices.Sort(players)
	slices.Sort(names)
	players, names = slices.Compact(players), slices.Compact(names)
	r.progress("playing %d examples of the laboratory", len(names))
	if err := play(r.ctx, dir, players, names); err != nil {
		r.fault("the laboratory's examples can't be played: %v", err)
		return r.ctx.Err()
	}
	for _, c := range book.All() {
		for _, l := range c.Labs {
			r.lab(c, l, dir)
		}
	}
	return nil
}

// playGallery plays examples on the simulated kernel, by the tests of the gallery, which write what
// happens to the directory runs.
func (r *run) playGallery(ctx context.Context, runs string, players, names []string) error {
	args := []string{"test", "-vet=off", "-tags=sim"}
	for _, p := range players {
		if p == gallery.Mistakes {
			p = "tutorials/site/lab/" + p
		}
		args = append(args, "./"+p)
	}
	cmd := guard.Go(ctx, runs, append(args, "-run=^TestGallery$/^("+strings.Join(names, "|")+")$", "-pictures="+runs)...)
	cmd.Dir, cmd.Env = r.Root, append(cmd.Env, "GOWORK=") // use the workspace, whatever the user has set
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(said))
	}
	return nil
}

// lab compares an example's recorded pictures with its run.
func (r *run) lab(c *markdown.Chapter, l *markdown.Lab, runs string) {
	all, err := l.Cut(runs)
	if err != nil {
		r.fault("%s:%d: %s: %v", c.Path, l.Line, l.Name, err)
		return
	}
	now := l.Encode(all)
	before, err := os.ReadFile(r.Root + "/" + l.File())
	different := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		different = "the picture is missing"
	case err != nil:
		different = err.Error()
	case string(before) != now:
		different = "the picture isn't what the run shows now (-then +now):\n" + quote.Difference(string(before), now)
	default:
		return
	}
	if !r.Record {
		r.fault("%s:%d: %s: %s", c.Path, l.Line, l.File(), different)
		return
	}
	if err := os.WriteFile(r.Root+"/"+l.File(), []byte(now), 0o644); err != nil {
		r.fault("%s:%d: %v", c.Path, l.Line, err)
		return
	}
	r.say("%s:%d: recorded: %s: %s", c.Path, l.Line, l.File(), different)
}
