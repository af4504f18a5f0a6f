package exercise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"threeloops/tutorials/tester/guard"
)

// moduleLine begins the go.mod of threeloops.
const moduleLine = "module threeloops\n"

// ErrFull is the error of a directory for a copy that isn't empty.
var ErrFull = errors.New("is not empty, and no file in it may be overwritten: choose another directory")

// Copy copies the program with the bug into dir, as a module of its own. The copy builds without
// the network, and may import the packages of the repository at root. dir must be empty or not
// exist, and it must lie outside of the repository, so that the reader's changes don't change the
// repository. Copy returns the real path of dir, absolute and without symbolic links. If it fails,
// it removes what it has made. The error may be ErrFull.
func (e *Exercise) Copy(root, dir string) (string, error) {
	dir, err := Place(root, dir)
	if err != nil {
		return "", err
	}
	module, err := Module(root)
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	files := map[string][]byte{"go.mod": module, "go.sum": sums}
	if Workspace(dir) != "" {
		// The go command uses the nearest go.work, and one further up would not list this module.
		files["go.work"] = []byte(goLine(module) + "\n\nuse .\n")
	}
	made := missing(dir)
	if err := e.fill(dir, files); err != nil {
		if left := unmake(dir, made); left != nil {
			return "", fmt.Errorf("can't make the copy: %w; remove the rest of it: %w", err, left)
		}
		return "", fmt.Errorf("can't make the copy: %w; choose another directory than %s", err, dir)
	}
	return dir, nil
}

// fill writes the program and the other files into dir.
func (e *Exercise) fill(dir string, files map[string][]byte) error {
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(e.Dir, "exercise"))); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the topmost directory that has to be made for dir, or "" if dir exists.
func missing(dir string) (made string) {
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			return made
		}
		made, dir = dir, filepath.Dir(dir)
	}
}

// unmake removes made, the directory that was made for dir. If made is "", dir was empty before,
// and unmake removes all files in it.
func unmake(dir, made string) error {
	if made != "" {
		return os.RemoveAll(made)
	}
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}

// Workspace returns the nearest go.work above dir, or "".
func Workspace(dir string) string {
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(dir, "go.work")
		}
	}
	return ""
}

// ErrNoGo is the error of a directory without a Go program.
var ErrNoGo = errors.New("it has no .go file")

// Build builds the reader's program in dir. The error contains the compiler's messages.
func Build(ctx context.Context, dir, program string) error {
	switch files, err := sources(dir); {
	case err != nil:
		return err
	case len(files) == 0:
		return fmt.Errorf("%s: %w", dir, ErrNoGo)
	}
	cmd := guard.Go(ctx, filepath.Dir(program), "build", "-buildvcs=false", "-o", program, ".")
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "GOWORK=off") // Copy says why
	switch said, err := cmd.CombinedOutput(); {
	case err == nil || ctx.Err() != nil:
		return ctx.Err()
	case len(said) == 0:
		return fmt.Errorf("can't build the program in %s: %w", dir, err)
	default:
		return fmt.Errorf("can't build the program in %s:\n%s", dir, bytes.TrimSpace(said))
	}
}

// Place returns the real path of dir, absolute and without symbolic links. It is an error if dir has
// files, or lies inside the repository at root, where new files would be taken for its own.
func Place(root, dir string) (string, error) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	real, err := resolve(dir)
	if err != nil {
		return "", fmt.Errorf("%s can't be a directory (%w): choose another one", dir, err)
	}
	dir = real
	if within, err := filepath.Rel(root, dir); err == nil && within != ".." && !strings.HasPrefix(within, "../") {
		return "", fmt.Errorf("%s lies inside the repository: choose a directory outside of it, like %s",
			dir, filepath.Join(filepath.Dir(root), filepath.Base(dir)))
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return dir, nil
	case err != nil:
		return "", fmt.Errorf("%s is not a directory: choose another name", dir)
	case len(entries) > 0:
		return "", fmt.Errorf("%s %w", dir, ErrFull)
	}
	return dir, nil
}

// resolve follows the symbolic links in the part of dir that exists.
func resolve(dir string) (string, error) {
	there, err := filepath.EvalSymlinks(dir)
	if !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
		return there, err
	}
	parent, err := resolve(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}

// Module returns the copy's go.mod. It is the one of threeloops under another name, with a
// requirement of threeloops itself at its place. So it has all the versions and sums that
// threeloops needs, and no others.
func Module(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(text, []byte(moduleLine))
	if !ok {
		return nil, fmt.Errorf("%s/go.mod isn't the go.mod of threeloops", root)
	}
	return fmt.Appendf(nil, "module exercise\n%s\n"+
		"// This lets you import packages of threeloops, like \"threeloops/common/http1\".\n"+
		"require threeloops v0.0.0\n\nreplace threeloops => %s\n", rest, strconv.Quote(root)), nil
}

// goLine returns the go line of a go.mod.
func goLine(module []byte) string {
	for line := range strings.Lines(string(module)) {
		if strings.HasPrefix(line, "go ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
