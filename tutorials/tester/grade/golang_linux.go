package grade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/tester/guard"
)

// buildGo builds the Go files of a folder. The folder may come from another machine, where the
// repository has another place, or may have no go.mod. The go command then gets a go.mod from outside
// of the folder, in which nothing is changed.
func buildGo(ctx context.Context, t task, program string) error {
	args := []string{"build", "-buildvcs=false", "-o", program}
	overlay, err := modules(t)
	if err != nil {
		return err
	}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := guard.Go(ctx, t.Temp, append(args, ".")...)
	cmd.Dir = t.Dir
	cmd.Env = append(cmd.Env, "GOWORK=off")
	said := new(beginning)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("doesn't build: go build: %w\n%s", err, bytes.TrimSpace([]byte(said.String())))
	}
	return ctx.Err()
}

// here matches the line of a copy's go.mod that says where the repository is.
var here = regexp.MustCompile(`(?m)^replace threeloops => .*$`)

// modules writes the files go.mod and go.sum that the program needs in place of its own, or in addition,
// and the list of them for the go command. It returns "" if the program needs none.
func modules(t task) (overlay string, err error) {
	own, err := readSome(filepath.Join(t.Dir, "go.mod"))
	files := map[string][]byte{}
	switch {
	case errors.Is(err, os.ErrNotExist):
		if files["go.mod"], err = exercise.Module(t.Root); err != nil {
			return "", err
		}
		if files["go.sum"], err = os.ReadFile(filepath.Join(t.Root, "go.sum")); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	case here.MatchString(own):
		files["go.mod"] = here.ReplaceAllLiteral([]byte(own), []byte("replace threeloops => "+strconv.Quote(t.Root)))
	default:
		return "", nil
	}
	list := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		at := filepath.Join(t.Temp, name+".overlay")
		if err := os.WriteFile(at, text, 0o600); err != nil {
			return "", err
		}
		list.Replace[filepath.Join(t.Dir, name)] = at
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(t.Temp, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}
