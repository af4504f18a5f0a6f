package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// pkg is what go list prints of a package.
type pkg struct {
	ImportPath, Dir string
	Standard        bool // it belongs to Go, and so to the version of Go
	Deps            []string

	GoFiles, SFiles, HFiles, EmbedFiles []string
}

// listed are the fields of pkg, for go list's flag -json.
const listed = "ImportPath,Dir,Standard,Deps,GoFiles,SFiles,HFiles,EmbedFiles"

// sources is all that decides what is in the programs.
type sources struct {
	settings string
	packages map[string]*pkg // the programs and all that they import, by import path
	main     map[string]*pkg // the programs, by name
}

// sources asks the go command for the sources of programs.
func (t toolchain) sources(ctx context.Context, list []program) (*sources, error) {
	settings, err := t.settings(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"list", "-deps", "-json=" + listed}
	for _, p := range list {
		args = append(args, "./"+p.folder)
	}
	out, err := t.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	s := &sources{settings, make(map[string]*pkg), make(map[string]*pkg)}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := d.Decode(p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		s.packages[p.ImportPath] = p
	}
	for _, p := range list {
		if s.main[p.name], err = s.in(filepath.Join(t.root, p.folder)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// in returns the package in a folder, under whatever name the go command knows the folder.
func (s *sources) in(folder string) (*pkg, error) {
	here, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	for _, p := range s.packages {
		if filepath.Base(p.Dir) != filepath.Base(folder) {
			continue
		}
		if there, err := os.Stat(p.Dir); err == nil && os.SameFile(here, there) {
			return p, nil
		}
	}
	return nil, fmt.Errorf("go list names no package in %s", folder)
}

// key returns a hash of the settings and of the sources of a program: its package main, and all
// packages that this imports. The standard library is in the settings, as the version of Go.
func (s *sources) key(p program) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s%s", s.settings, observed)
	all := []*pkg{s.main[p.name]}
	for _, path := range all[0].Deps {
		if q := s.packages[path]; q != nil && !q.Standard {
			all = append(all, q)
		}
	}
	for _, q := range all {
		for _, some := range [][]string{q.GoFiles, q.SFiles, q.HFiles, q.EmbedFiles} {
			for _, name := range some {
				text, err := os.ReadFile(filepath.Join(q.Dir, name))
				if err != nil {
					return "", err
				}
				fmt.Fprintf(h, "%s %s %d\n%s", q.ImportPath, name, len(text), text)
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16]), nil
}
