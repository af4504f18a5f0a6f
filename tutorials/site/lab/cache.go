package lab

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"threeloops/tutorials/atomicfile"
)

// mostCached is how many programs the cache keeps: those that were used last. A program has about
// 2 MB.
const mostCached = 40

// cache is the folder that keeps compressed programs from one start to the next. If it has no
// name, nothing is kept.
type cache string

// openCache returns the user's cache. A user who has none, or may not write to it, still gets a lab,
// but waits for it at each start.
func openCache() cache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "threeloops")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return cache(dir)
}

// file returns the name of a program in the cache.
func (c cache) file(p program, key string) string {
	return filepath.Join(string(c), p.name+"-"+key+".wasm.gz")
}

// get copies a program from the cache to the file to, and reports whether the program was there.
func (c cache) get(p program, key, to string) bool {
	if c == "" {
		return false
	}
	name := c.file(p, key)
	if err := copyFile(name, to); err != nil {
		return false
	}
	now := time.Now()
	os.Chtimes(name, now, now) // trim keeps what was used last
	return true
}

// put copies a program from the file from into the cache. Without space in the cache, the next
// start builds the program again.
func (c cache) put(p program, key, from string) {
	if c == "" {
		return
	}
	if copyFile(from, c.file(p, key)) == nil {
		c.trim(mostCached)
	}
}

// trim removes all but the programs that were used last. It also removes what a process has left that was
// killed while it copied a program.
func (c cache) trim(most int) {
	left, _ := filepath.Glob(filepath.Join(string(c), atomicfile.Unfinished))
	for _, name := range left {
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(name)
		}
	}
	type kept struct {
		name string
		used time.Time
	}
	var all []kept
	names, _ := filepath.Glob(filepath.Join(string(c), "*-*.wasm.gz"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			all = append(all, kept{name, info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(b.used.Compare(a.used), cmp.Compare(a.name, b.name)) })
	for _, old := range all[min(most, len(all)):] {
		os.Remove(old.name)
	}
}

// copyFile copies a file. to gets its name when the copy is complete.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(to, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}
