//go:build linux

package sim_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"threeloops/common/sim"
)

// TestRandomPathsLeadToTheSameFiles makes random trees with links in all directions, and looks up
// random paths in them, on both kernels.
func TestRandomPathsLeadToTheSameFiles(t *testing.T) {
	const trees, paths = 50, 200
	on := func(run func(*testing.T, func(filesMachine) []string) []string, seed uint64) []string {
		return run(t, func(m filesMachine) []string { return newPathWalker(m, seed).walk(paths) })
	}
	reached := map[string]int{}
	for seed := range uint64(trees) {
		got, want := on(filesOnSim, seed), on(onLinuxFiles, seed)
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("seed %d: the simulated kernel: %s\n\tLinux: %s", seed, got[i], want[i])
			}
			_, result, _ := strings.Cut(want[i], " -> ")
			if strings.HasPrefix(result, "E") {
				reached[result]++
			} else {
				reached["a file"]++
			}
		}
		if len(got) != len(want) || t.Failed() {
			t.Fatalf("seed %d: %d and %d results", seed, len(got), len(want))
		}
	}
	t.Log(reached)
	for _, result := range []string{"a file", "ENOENT", "ENOTDIR", "EXDEV", "ELOOP", "EACCES", "ENAMETOOLONG"} {
		if reached[result] < 30 {
			t.Errorf("%s came only %d times", result, reached[result])
		}
	}
}

// pathWalker has a random tree.
type pathWalker struct {
	m     filesMachine
	r     *rand.Rand
	dirs  []string // relative to the test's directory
	fds   []int    // of the directories, opened with O_PATH
	names map[[2]uint64]string
	words *filesPlayer // expands the paths
}

func newPathWalker(m filesMachine, seed uint64) *pathWalker {
	w := &pathWalker{m: m, r: rand.New(rand.NewPCG(seed, 1)), dirs: []string{"."}, names: map[[2]uint64]string{}}
	w.words = &filesPlayer{m: m, fds: map[string]int{}}
	taken := map[string]bool{}
	free := func() string {
		for {
			path := w.dirs[w.r.IntN(len(w.dirs))] + "/" + w.name()
			if !taken[path] {
				taken[path] = true
				return path
			}
		}
	}
	var files []string
	for range 5 + w.r.IntN(5) {
		path := free()
		m.Mkdir(path)
		w.dirs = append(w.dirs, path)
	}
	for range 1 + w.r.IntN(3) {
		path := free()
		m.WriteFile(path, nil)
		files = append(files, path)
	}
	for _, path := range append(files, w.dirs...) {
		var st sim.Stat_t
		m.Stat(path, &st)
		w.names[[2]uint64{st.Dev, st.Ino}] = path
	}
	for i, dir := range w.dirs {
		fd, _ := m.Open(dir, sim.O_PATH|sim.O_DIRECTORY, 0)
		w.fds = append(w.fds, fd)
		w.words.fds[strconv.Itoa(i)] = fd
	}
	for range 2 + w.r.IntN(8) {
		m.Symlink(w.words.expand(w.path()), free())
	}
	if all := append(files, w.dirs[1:]...); w.r.IntN(3) == 0 {
		m.Forbid(all[w.r.IntN(len(all))])
	}
	return w
}

// name is the name of an entry. Nothing outside the test has such a name.
func (w *pathWalker) name() string { return "sim" + string(rune('a'+w.r.IntN(5))) }

// path is a random path, in which words stand for what differs between the kernels.
func (w *pathWalker) path() string {
	var b strings.Builder
	switch w.r.IntN(12) {
	case 0:
		b.WriteString("$/")
	case 1:
		fmt.Fprintf(&b, "/proc/self/fd/&%d/", w.r.IntN(len(w.fds)))
	}
	for range 1 + w.r.IntN(5) {
		switch w.r.IntN(16) {
		case 0, 1:
			b.WriteString("..")
		case 2:
			b.WriteString(".")
		case 3:
			fmt.Fprintf(&b, "{x*%d}", 254+w.r.IntN(4))
		default:
			b.WriteString(w.name())
		}
		b.WriteString(strings.Repeat("/", 1+w.r.IntN(2)))
	}
	if w.r.IntN(5) == 0 {
		return b.String()
	}
	return strings.TrimRight(b.String(), "/")
}

// walk looks n paths up.
func (w *pathWalker) walk(n int) (results []string) {
	for range n {
		path, dir := w.path(), w.r.IntN(len(w.fds))
		how := sim.OpenHow{
			Flags: []uint64{0, sim.O_PATH, sim.O_DIRECTORY, sim.O_PATH | sim.O_DIRECTORY}[w.r.IntN(4)],
			Resolve: []uint64{0, sim.RESOLVE_BENEATH, sim.RESOLVE_NO_MAGICLINKS,
				sim.RESOLVE_BENEATH | sim.RESOLVE_NO_MAGICLINKS}[w.r.IntN(4)],
		}
		what := fmt.Sprintf("openat2 %s in %s, flags %#x, resolve %#x", path, w.dirs[dir], how.Flags, how.Resolve)
		var st sim.Stat_t
		var err error
		if w.r.IntN(4) == 0 {
			what = "stat " + path
			err = w.m.Stat(w.words.expand(path), &st)
		} else {
			err = w.look(w.fds[dir], w.words.expand(path), how, &st)
		}
		name, known := w.names[[2]uint64{st.Dev, st.Ino}]
		if !known {
			name = "outside"
		}
		results = append(results, what+" -> "+result(name, err))
	}
	return results
}

// look opens a path, and tells what it has opened.
func (w *pathWalker) look(dir int, path string, how sim.OpenHow, st *sim.Stat_t) error {
	fd, err := w.m.Openat2(dir, path, &how)
	for tries := 0; err == sim.EAGAIN && tries < 100; tries++ { // something was renamed meanwhile
		fd, err = w.m.Openat2(dir, path, &how)
	}
	if err != nil {
		return err
	}
	defer w.m.Close(fd)
	return w.m.Fstat(fd, st)
}
