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

// moduleLine begins the suite's go.mod.
const moduleLine = "module threeloops\n"

// ErrFull is a directory for a copy that has something in it.
var ErrFull = errors.New("is not empty, and nothing in it is overwritten: choose another directory")

// Copy puts the program with the bug into dir, as a module of its own that builds without the network and
// may import what the repository at root has. dir must not exist, or be empty, and lie outside of the
// repository: what a reader changes there is no change of the suite. Copy returns dir as it really is,
// absolute and without symbolic links. When it fails, nothing is left of what it has made. The error may be ErrFull.
func (e *Exercise) Copy(root, dir string) (string, error) {
	dir, err := place(root, dir)
	if err != nil {
		return "", err
	}
	module, err := module(root)
	if err != nil {
		return "", err
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return "", err
	}
	files := map[string][]byte{"go.mod": module, "go.sum": sums}
	if Workspace(dir) != "" {
		// The nearest go.work counts, and one further up would not know this module.
		files["go.work"] = []byte(goLine(module) + "\n\nuse .\n")
	}
	made := missing(dir)
	if err := e.fill(dir, files); err != nil {
		if left := unmake(dir, made); left != nil {
			return "", fmt.Errorf("the copy can't be made: %w; remove what is left of it: %w", err, left)
		}
		return "", fmt.Errorf("the copy can't be made: %w; choose another directory than %s", err, dir)
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

// missing returns the directory furthest up that has to be made so that dir is there; "" if dir is.
func missing(dir string) (made string) {
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			return made
		}
		made, dir = dir, filepath.Dir(dir)
	}
}

// unmake removes the directory that was made for dir, or, if none was, what is now in dir, which was empty.
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

// Workspace returns the go.work that lies nearest above dir, "" if there is none.
func Workspace(dir string) string {
	for dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(dir, "go.work")
		}
	}
	return ""
}

// ErrNoGo is a directory without a program in Go.
var ErrNoGo = errors.New("no .go file there")

// Build builds the reader's program in dir. What the compiler says of it is in the error.
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
		return fmt.Errorf("the program in %s can't be built: %w", dir, err)
	default:
		return fmt.Errorf("the program in %s can't be built:\n%s", dir, bytes.TrimSpace(said))
	}
}

// place makes dir absolute and checks that a copy may lie there.
func place(root, dir string) (string, error) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	real, err := resolve(dir)
	if err != nil {
		return "", fmt.Errorf("%s can't be a directory (%w): choose another", dir, err)
	}
	dir = real
	if within, err := filepath.Rel(root, dir); err == nil && within != ".." && !strings.HasPrefix(within, "../") {
		return "", fmt.Errorf("%s lies inside the repository: choose a directory outside, like %s",
			dir, filepath.Join(filepath.Dir(root), filepath.Base(dir)))
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return dir, nil
	case err != nil:
		return "", fmt.Errorf("%s is no directory: choose another name", dir)
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

// module is the copy's go.mod: that of the suite under another name, and the suite itself as it lies there.
// So all that the suite needs, and no more, is known by the same version and sum.
func module(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(text, []byte(moduleLine))
	if !ok {
		return nil, fmt.Errorf("%s/go.mod is not that of threeloops", root)
	}
	return fmt.Appendf(nil, "module exercise\n%s\n"+
		"// So that the suite can be imported, too: import \"threeloops/common/http1\".\n"+
		"require threeloops v0.0.0\n\nreplace threeloops => %s\n", rest, strconv.Quote(root)), nil
}

// goLine returns the line of a go.mod that says which Go it is for.
func goLine(module []byte) string {
	for line := range strings.Lines(string(module)) {
		if strings.HasPrefix(line, "go ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
