package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build puts the three servers into dir.
func build(ctx context.Context, dir string) error {
	if _, err := exec.LookPath("go"); err != nil {
		return errors.New("the servers are built here, and there is no go command in PATH")
	}
	root, err := repository()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "building %s ...\n", strings.Join(models, ", "))

	args := []string{"build", "-buildvcs=false", "-o", dir}
	for _, m := range models {
		args = append(args, "./"+m)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	said, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return errTold
	case err != nil:
		os.Stderr.Write(said)
		return fmt.Errorf("go build: %w", err)
	}
	return nil
}

// repository finds the root of the servers' module: the working directory or
// one above it.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module threeloops\n")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no servers found here: run it inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}
