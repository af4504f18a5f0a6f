package lab

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"threeloops/tutorials/atomicfile"
)

// folder is the folder of the site that Build writes.
const folder = "lab"

// status is the content of ready.json.
type status struct {
	Ready   bool     `json:"ready"`
	Why     string   `json:"why"` // why it isn't ready: a sentence for the page
	Servers []string `json:"servers"`
}

// say writes ready.json. why is empty if the lab is ready.
func say(site, why string) error {
	dir := filepath.Join(site, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, "ready.json"), status{why == "", why, Servers})
}

func writeJSON(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.Write(name, 0o644, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Prepare writes what the page needs before anything is built: the gallery of the repository at root,
// and in ready.json why the page can't run anything yet.
func Prepare(root, site, why string) error {
	examples, err := Gallery(root)
	if err != nil {
		return err
	}
	if err := say(site, why); err != nil {
		return err
	}
	return writeJSON(filepath.Join(site, folder, "gallery.json"), examples)
}

// Build builds the programs of the repository at root into the folder lab of the site, and says in
// ready.json how far it is. It uses a temporary directory beside the site. If it fails, the page says
// so; the reason is the error, because it may name files of this machine.
func Build(ctx context.Context, root, site string) error {
	err := build(ctx, root, site, openCache())
	if err != nil && ctx.Err() == nil {
		say(site, "The programs of this page couldn't be built. The terminal in which you typed go run ./tutorials says why.")
	}
	return err
}

func build(ctx context.Context, root, site string, kept cache) error {
	if err := Prepare(root, site, "The programs of this page are being built."); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(site), "lab-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	b := &builder{toolchain{root, temp}, filepath.Join(site, folder), ""}
	if b.overlay, err = overlay(root, temp); err != nil {
		return err
	}
	if err := b.static(ctx); err != nil {
		return err
	}
	s, err := b.sources(ctx, programs)
	if err != nil {
		return err
	}
	for i, p := range programs {
		key, err := s.key(p)
		if err != nil {
			return err
		}
		to := filepath.Join(b.dir, p.name+".wasm.gz")
		if kept.get(p, key, to) {
			continue
		}
		if err := say(site, fmt.Sprintf("The programs of this page are being built, which takes up to a minute "+
			"the first time. Now comes %s (%d of %d).", p.name, i+1, len(programs))); err != nil {
			return err
		}
		if err := b.program(ctx, p, to); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		// The user may have changed the sources while they were read.
		if again, err := s.key(p); err == nil && again == key {
			kept.put(p, key, to)
		}
	}
	return say(site, "")
}

// builder builds programs into the folder dir.
type builder struct {
	toolchain
	dir     string
	overlay string // a file for go build's flag
}

// static writes the files that aren't built.
func (b *builder) static(ctx context.Context) error {
	script, err := b.wasmExec(ctx)
	if err != nil {
		return err
	}
	if err := copyFile(script, filepath.Join(b.dir, "wasm_exec.js")); err != nil {
		return fmt.Errorf("this installation of Go lacks the script for the browser: %w", err)
	}
	return nil
}

// program builds a program and writes it, compressed, to the file to.
func (b *builder) program(ctx context.Context, p program, to string) error {
	file := filepath.Join(b.temp, p.name+".wasm")
	if err := b.build(ctx, p, b.overlay, file); err != nil {
		return err
	}
	defer os.Remove(file)
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(to, 0o644, func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := io.Copy(z, in); err != nil {
			return err
		}
		return z.Close()
	})
}
