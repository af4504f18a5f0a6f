package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/site/export"
)

// exportCommand writes the whole site for a host that only sends files.
func exportCommand(args []string) error {
	flags := newFlags("export", "-o DIR\nIt writes the site, with the laboratory, for a host that only sends files.\n"+
		"The site may then be below any path. What needs a server says so.")
	to := flags.String("o", "", "the `directory` for the site, outside the repository, which must be empty or not exist yet")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *to == "" {
		return misuse("say where the site is to be written: go run ./tutorials export -o DIR")
	}
	root, err := repository()
	if err != nil {
		return err
	}
	site, err := exercise.Place(root, *to)
	if err != nil {
		return err
	}
	return inWorkDir(func(ctx context.Context, dir string) error {
		fmt.Fprintln(os.Stderr, "writing the site, and building the programs of the laboratory (up to a minute "+
			"the first time) ...")
		size, err := exportTo(ctx, dir, site)
		switch {
		case err != nil && ctx.Err() != nil:
			return errors.New("interrupted before the site was written")
		case err != nil:
			return err
		}
		fmt.Printf("%s has the site: %d files, of which %d are pages, %.1f MB.\nTo look at it, type:  "+
			"python3 -m http.server -d %s\n", site, size.Files, size.Pages, float64(size.Bytes)/1e6, shell(site))
		return nil
	})
}

// exportTo writes the site into the directory to, with the help of the temporary directory dir. The
// site is complete or not there: until then it has another name.
func exportTo(ctx context.Context, dir, to string) (size export.Written, err error) {
	if err := writeSite(dir, chapterAddrs()); err != nil {
		return size, err
	}
	from, err := sourceIn(dir)
	if err != nil {
		return size, err
	}
	if err := buildLab(ctx, from.Site); err != nil {
		return size, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return size, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(to), ".threeloops-export-*")
	if err != nil {
		return size, err
	}
	defer os.RemoveAll(temp)
	if size, err = export.Write(temp, from); err != nil {
		return size, err
	}
	if err := os.Chmod(temp, 0o755); err != nil { // the host may run as another user
		return size, err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return size, err
	}
	return size, os.Rename(temp, to)
}
