package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed c bare
var source embed.FS

// program is a C program: a main file, and files that it shares with others. A program without
// files is a Go program that shares nothing with this one.
type program struct {
	name  string
	files []string // names without .c
	flags []string // compiler flags after the files
	debs  string   // Debian's packages that it needs
}

var strict = []string{"-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror"}

// programs are the programs of the floor. Two baselines share the one with epoll.
var programs = map[string]program{
	"floor-epoll":       onEpoll,
	"floor-epoll-defer": onEpoll,
	"floor-poll":        {name: "floor-poll", files: append([]string{"poll"}, counting...), debs: "gcc libc6-dev"},
	"floor-fork": {name: "floor-fork", files: append([]string{"fork", "parent"}, counting...),
		flags: []string{"-static"}, debs: "gcc libc6-dev"},
	"floor-fork-go": {name: "floor-fork-go"},
	"wslay":         wslay,
}

var (
	counting = []string{"conn", "ready", "handshake", "start"}
	onEpoll  = program{name: "floor-epoll", files: append([]string{"epoll"}, counting...), debs: "gcc libc6-dev"}
	wslay    = program{name: "wslay", files: []string{"wslay", "parent", "handshake", "start"},
		flags: []string{"-lwslay"}, debs: "gcc libc6-dev libwslay-dev"}
)

// missing returns why the program isn't available. To find out, it tries to compile the program.
func (p program) missing() error {
	_, err := p.cached()
	return err
}

// cached returns the path of the program, and compiles it if the source has changed.
func (p program) cached() (string, error) {
	cc, err := p.compiler()
	if err != nil {
		return "", err
	}
	dir, err := cache()
	if err != nil {
		return "", err
	}
	sum, err := p.sum(cc)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, p.name+"-"+sum)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, p.compile(cc, path)
}

// compile makes the program at path. The file appears there complete or not at all, because two
// processes may compile it at the same time.
func (p program) compile(cc, path string) error {
	work, err := os.MkdirTemp(filepath.Dir(path), "compile-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, source); err != nil {
		return err
	}
	cmd := exec.Command(cc, p.arguments()...)
	cmd.Dir = work
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("can't be compiled (apt-get install %s): %s", p.debs, complaint(said, err))
	}
	return os.Rename(filepath.Join(work, "program"), path)
}

// arguments returns the compiler's arguments.
func (p program) arguments() []string {
	if p.files == nil {
		return []string{"build", "-o", "program", filepath.Join("bare", "main.go")}
	}
	args := slices.Concat(strict, []string{"-o", "program"})
	for _, f := range p.files {
		args = append(args, filepath.Join("c", f+".c"))
	}
	return append(args, p.flags...)
}

// complaint returns the most useful line of a compiler's output.
func complaint(said []byte, err error) string {
	for line := range bytes.Lines(said) {
		if bytes.Contains(line, []byte("error:")) || bytes.Contains(line, []byte("cannot find")) {
			return strings.TrimSpace(string(line))
		}
	}
	return err.Error()
}

func (p program) compiler() (string, error) {
	if p.files != nil {
		return compiler()
	}
	path, err := exec.LookPath("go")
	if err != nil {
		return "", errors.New("no Go compiler in PATH")
	}
	return path, nil
}

func compiler() (string, error) {
	for _, name := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no C compiler: apt-get install gcc libc6-dev")
}

// sum returns a checksum of everything from which the program is made.
func (p program) sum(cc string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, cc, strict, p.files, p.flags)
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := source.ReadFile(path)
		fmt.Fprintf(h, "%s %d %s", path, len(text), text)
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), err
}

// buildAll compiles every program into dir.
func buildAll(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var failed []error
	for _, name := range []string{"floor-epoll", "floor-poll", "floor-fork", "floor-fork-go", "wslay"} {
		p := programs[name]
		cc, err := p.compiler()
		if err == nil {
			err = p.compile(cc, filepath.Join(dir, name))
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// runProgram replaces this process by the baseline's program.
func runProgram(b baseline, ln *net.TCPListener, o options) error {
	path, err := programs[b.name].cached()
	if err != nil {
		return err
	}
	return become(ln, func(fd int) (string, []string, []string) {
		deferring := "0"
		if o.deferAccept {
			deferring = "1"
		}
		return path, []string{b.name, strconv.Itoa(fd), strconv.Itoa(o.message), strconv.Itoa(o.page), deferring,
			readyLine(b, ln)}, nil
	})
}
