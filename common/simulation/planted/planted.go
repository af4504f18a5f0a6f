package planted

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Fault is a fault that can be planted into a copy of the servers.
type Fault struct {
	Name    string
	About   string   // what is wrong, and where the fault comes from
	Servers []string // for which it is planted
	Edits   []Edit
	Unseen  bool // nobody who wrote the simulation tests had seen it
}

// Edit replaces a text of a file.
type Edit struct {
	File     string // relative to the module's root
	Old, New string
}

// Read reads the faults that the module at root has, seen and unseen ones, in the order of their
// names.
func Read(root string) (all []Fault, err error) {
	for dir, unseen := range map[string]bool{"faults": false, "unseen": true} {
		faults, err := readDir(filepath.Join(root, "common/simulation/planted", dir))
		if err != nil {
			return nil, err
		}
		for _, f := range faults {
			f.Unseen = unseen
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func readDir(dir string) (all []Fault, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := Parse(strings.TrimSuffix(filepath.Base(path), ".txt"), string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// servers are the servers that a fault can be planted into.
var servers = []string{"pollserv", "epollserv", "forkserv"}

// Parse parses the text of a fault. The documentation of the package describes the form.
func Parse(name, text string) (Fault, error) {
	f := Fault{Name: name}
	var about []string
	var file string
	var into *string // the text to which the next lines belong; nil: there is none
	for n, line := range strings.Split(text, "\n") {
		path, isFile := strings.CutPrefix(line, "file ")
		list, isServers := strings.CutPrefix(line, "servers ")
		switch {
		case isFile:
			file, into = path, nil
		case line == "old:":
			f.Edits = append(f.Edits, Edit{File: file})
			into = &f.Edits[len(f.Edits)-1].Old
		case line == "new:":
			if into == nil || into != &f.Edits[len(f.Edits)-1].Old {
				return f, fmt.Errorf("line %d: new: must follow an old text", n+1)
			}
			into = &f.Edits[len(f.Edits)-1].New
		case into != nil:
			*into += line + "\n"
		case isServers:
			f.Servers = strings.Fields(list)
		case f.Servers == nil:
			about = append(about, line)
		case line != "":
			return f, fmt.Errorf("line %d: %q belongs to no text", n+1, line)
		}
	}
	f.About = strings.TrimSpace(strings.Join(about, " "))
	for i := range f.Edits {
		e := &f.Edits[i]
		e.Old, e.New = strings.TrimRight(e.Old, "\n"), strings.TrimRight(e.New, "\n")
	}
	return f, f.check()
}

// check reports what is missing of a fault.
func (f *Fault) check() error {
	switch {
	case f.About == "":
		return errors.New("the sentence that says what is wrong is missing")
	case len(f.Servers) == 0:
		return errors.New("the line \"servers\" is missing")
	case len(f.Edits) == 0:
		return errors.New("there is no edit")
	}
	for _, s := range f.Servers {
		if !slices.Contains(servers, s) {
			return fmt.Errorf("there is no server %q; write one of %s", s, strings.Join(servers, ", "))
		}
	}
	for _, e := range f.Edits {
		switch {
		case e.File == "":
			return errors.New("an old text stands before the first line \"file\"")
		case e.Old == "" || e.Old == e.New:
			return fmt.Errorf("%s: the edit %q changes nothing", e.File, e.Old)
		}
	}
	return nil
}

// Edited returns the texts that the files of the module have with the fault, by the files' paths
// relative to root.
func (f *Fault) Edited(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range f.Edits {
		text, ok := texts[e.File]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, e.File))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("%s: this text must occur once, and occurs %d times:\n%s", e.File, n, e.Old)
		}
		texts[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	return texts, nil
}

// Apply plants the fault into the copy of the module at root.
func (f *Fault) Apply(root string) error {
	texts, err := f.Edited(root)
	if err != nil {
		return err
	}
	for path, text := range texts {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Overlay writes the edited files to dir, and a file for the flag -overlay of the go command. It
// returns that file's path. The module at root is not changed.
func (f *Fault) Overlay(root, dir string) (path string, err error) {
	texts, err := f.Edited(root)
	if err != nil {
		return "", err
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for name, text := range texts {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o666); err != nil {
			return "", err
		}
		overlay.Replace[filepath.Join(root, name)] = to
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, b, 0o666)
}
