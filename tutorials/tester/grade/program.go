package grade

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// File is the name of the file in a folder that says how to start the server.
const File = "server.txt"

// Program is what a learner has handed in.
type Program struct {
	Learner string
	Dir     string   // of the program, absolute; the commands run in it
	Build   []string // shell commands
	Server  string   // command that starts the server; "": the Go files in Dir are the program
	Problem string   // why the program can't be run; "" if it can
}

// Folders returns the programs in folders. A learner is called like the folder or, if several folders
// have the same name, like its path.
func Folders(names []string) (all []Program) {
	seen := map[string]int{}
	for _, name := range names {
		seen[base(name)]++
	}
	for _, name := range names {
		p := folder(name)
		if p.Learner = base(name); seen[p.Learner] > 1 {
			p.Learner = filepath.Clean(name)
		}
		all = append(all, p)
	}
	return all
}

func base(name string) string {
	if whole, err := filepath.Abs(name); err == nil {
		name = whole
	}
	return filepath.Base(name)
}

func folder(name string) (p Program) {
	dir, err := filepath.Abs(name)
	if err != nil {
		return Program{Problem: err.Error()}
	}
	p.Dir = dir
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		p.Problem = "there is no folder " + name
		return p
	}
	text, err := readSome(filepath.Join(dir, File))
	switch {
	case err == nil:
		lines := commands(text)
		if len(lines) == 0 {
			p.Problem = File + " has no command: its last line must start the server, like “python3 server.py {port}”"
			return p
		}
		p.Build, p.Server = lines[:len(lines)-1], lines[len(lines)-1]
	case !errors.Is(err, os.ErrNotExist):
		p.Problem = err.Error()
	default:
		if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) == 0 {
			p.Problem = "the folder has no Go files, and no file " + File + " that says how to start the server"
		}
	}
	return p
}

// readSome reads a file of which only a small part can make sense.
func readSome(name string) (string, error) {
	const most = 64 << 10
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	return string(text), err
}

// commands returns the lines of a text without empty lines and comments.
func commands(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// Commands reads a list of programs from a file with a line “NAME: COMMAND” for each. The commands run
// in the current directory.
func Commands(name string) (all []Program, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if commands(line) == nil {
			continue
		}
		learner, command, _ := strings.Cut(line, ":")
		learner, command = strings.TrimSpace(learner), strings.TrimSpace(command)
		switch {
		case learner == "" || command == "":
			return nil, fmt.Errorf("%s:%d: a line must be NAME: COMMAND, like “ann: python3 ann/server.py {port}”",
				name, i+1)
		case seen[learner]:
			return nil, fmt.Errorf("%s:%d: %s is there twice", name, i+1, learner)
		}
		seen[learner] = true
		all = append(all, Program{Learner: learner, Dir: dir, Server: command})
	}
	return all, nil
}
