package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"threeloops/tutorials/tester/guard"
)

// Servers lists the servers that the page can run.
var Servers = []string{"forkserv", "pollserv", "epollserv"}

// program is a program for the browser.
type program struct {
	name   string
	folder string // of its package main, in the repository
}

// programs are all programs that Build builds.
var programs = []program{
	{"forkserv", "forkserv"},
	{"pollserv", "pollserv"},
	{"epollserv", "epollserv"},
	{"mistakes", "tutorials/site/lab/mistakes"},
	{"codec", "tutorials/site/codec"},
}

// flags are the flags of go build that decide what is in a program. -trimpath takes the names of this
// machine's folders out of the program, and makes the names of source files start with the module's
// name.
var flags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

// toolchain runs the go command for the repository at root, with temporary files in temp.
type toolchain struct {
	root, temp string
}

// command returns a go command that works for the browser.
func (t toolchain) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := guard.Go(ctx, t.temp, args...)
	cmd.Dir = t.root
	cmd.Env = append(cmd.Env, "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	return cmd
}

// output runs a go command and returns its standard output. Its error contains what the command
// said.
func (t toolchain) output(ctx context.Context, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := t.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	switch err := run(ctx, cmd); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command isn't in PATH: install Go (https://go.dev/dl)")
	case err != nil:
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), nil
}

// build builds a program into the file to. overlay is a file for the flag of that name.
func (t toolchain) build(ctx context.Context, p program, overlay, to string) error {
	args := append([]string{"build", "-overlay", overlay, "-o", to}, flags...)
	_, err := t.output(ctx, append(args, "./"+p.folder)...)
	return err
}

// settings returns what decides about a program besides its sources.
func (t toolchain) settings(ctx context.Context) (string, error) {
	version, err := t.output(ctx, "version")
	if err != nil {
		return "", err
	}
	env, err := t.output(ctx, "env", "GOFLAGS", "GOWASM", "GOEXPERIMENT")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%s%q\n", version, env, flags), nil
}

// wasmExec returns the name of Go's script that starts a program.
func (t toolchain) wasmExec(ctx context.Context) (string, error) {
	goroot, err := t.output(ctx, "env", "GOROOT")
	if err != nil {
		return "", err
	}
	return filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"), nil
}
