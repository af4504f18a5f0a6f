package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"threeloops/tutorials/tester/guard"
)

// build builds the three servers into dir. Before, it prints what it does and what comes next.
func build(ctx context.Context, dir, next string) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("building the servers needs the go command, and it isn't in PATH: install Go " +
			"(https://go.dev/dl)")
	}
	root, err := repository()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "building %s (up to a minute the first time), then %s ...\n",
		strings.Join(models, ", "), next)

	args := []string{"build", "-buildvcs=false", "-o", dir}
	for _, m := range models {
		args = append(args, "./"+m)
	}
	cmd := guard.Go(ctx, dir, args...)
	cmd.Dir = root
	said, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		os.Stderr.Write(said)
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}
