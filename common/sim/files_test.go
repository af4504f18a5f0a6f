package sim_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// filesMachine is a kernel with a directory for a test: a simulated one, or Linux.
type filesMachine interface {
	// Of the kernel's caller. The paths begin at the test's directory.
	WriteFile(path string, data []byte)
	Mkdir(path string)
	Symlink(target, path string)
	Mkfifo(path string)
	Remove(path string)
	Rename(from, to string)
	Truncate(path string, size int64)
	Forbid(path string)
	Chtimes(path string, mtime time.Time)
	Limit(files int) // RLIMIT_NOFILE; negative: as at the start
	Base() string    // the test's directory, which is also the working directory

	// System calls.
	Open(path string, flags int, mode uint32) (int, error)
	Openat2(dir int, path string, how *sim.OpenHow) (int, error)
	Fstatat(dir int, path string, st *sim.Stat_t, flags int) error
	Stat(path string, st *sim.Stat_t) error
	Fstat(fd int, st *sim.Stat_t) error
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Pread(fd int, p []byte, off int64) (int, error)
	Pwrite(fd int, p []byte, off int64) (int, error)
	Close(fd int) error
	Dup(fd int) (int, error)
	ClosesOnExec(fd int) (bool, error)
	Cachestat(fd int, off, n int64) (int64, error)
	Fadvise(fd int, off, n int64, advice int) error
	MemfdCreate(name string, flags int) (int, error)
	Ftruncate(fd int, size int64) error
	AddSeals(fd, seals int) error
	Mmap(fd int, off int64, n, prot, flags int) ([]byte, error)
	Sendfile(out, in int, off *int64, n int) (int, error)
	Eventfd(initial uint, flags int) (int, error)
	EpollCreate1(flags int) (int, error)
	EpollCtl(epfd, op, fd int, e *sim.EpollEvent) error
	Poll(fds []sim.PollFd, timeout int) (int, error)
	Connection() (a, b int) // a TCP connection, non-blocking
}

// filesCase is a case of testdata/files.txt. Its form is explained there.
type filesCase struct {
	title string
	line  int // of the title
	lines []string
}

// filesCases reads the written cases. A line "| text" repeats the lines of the case named text.
func filesCases(t *testing.T) (cases []filesCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/files.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		switch title, isTitle := strings.CutPrefix(line, "# "); {
		case isTitle:
			cases = append(cases, filesCase{title: title, line: i + 1})
		case line != "" && !strings.HasPrefix(line, "//"):
			c := &cases[len(cases)-1]
			c.lines = append(c.lines, line)
		}
	}
	return cases
}

// TestFilesDoWhatIsWritten plays each written case to the simulated kernel.
func TestFilesDoWhatIsWritten(t *testing.T) {
	for _, c := range filesCases(t) {
		c.compare(t, "sim", filesOnSim(t, func(m filesMachine) []string { return c.play(m) }))
	}
}

// compare reports the lines of a case whose results aren't the written ones.
func (c filesCase) compare(t *testing.T, kernel string, got []string) {
	t.Helper()
	for i, line := range c.lines {
		_, want, found := strings.Cut(line, " -> ")
		if i >= len(got) {
			t.Errorf("%s: %q, line %d: the case ended before this line", kernel, c.title, c.line+i+1)
			return
		}
		failed := regexp.MustCompile(`^E[A-Z0-9]+$`).MatchString(got[i])
		if found && got[i] != want || !found && failed {
			t.Errorf("%s: %q, line %d: %s\n\tgot %s", kernel, c.title, c.line+i+1, line, got[i])
		}
	}
}

// filesOnSim runs f as a program of a simulated kernel.
func filesOnSim(t *testing.T, f func(m filesMachine) []string) (results []string) {
	t.Helper()
	k := sim.New(sim.Config{Seed: 1})
	defer k.Close()
	k.Mkdir("/base")
	m := &simFiles{k: k}
	m.p = k.Start(sim.Program{Args: []string{"test"}, Dir: "/base", Main: func() {
		m.Thread = sim.Current()
		results = f(m)
	}})
	k.Run(time.Minute)
	for _, p := range k.Panics() {
		t.Errorf("%v\n%s", p.Value, p.Stack)
	}
	return results
}

// simFiles is a filesMachine.
type simFiles struct {
	*sim.Thread
	k *sim.Kernel
	p *sim.Process
}

func (m *simFiles) WriteFile(path string, data []byte)  { m.k.WriteFile("/base/"+path, data) }
func (m *simFiles) Mkdir(path string)                   { m.k.Mkdir("/base/" + path) }
func (m *simFiles) Symlink(target, path string)         { m.k.Symlink(target, "/base/"+path) }
func (m *simFiles) Mkfifo(path string)                  { m.k.Mkfifo("/base/" + path) }
func (m *simFiles) Remove(path string)                  { m.k.Remove("/base/" + path) }
func (m *simFiles) Rename(from, to string)              { m.k.Rename("/base/"+from, "/base/"+to) }
func (m *simFiles) Truncate(path string, n int64)       { m.k.Truncate("/base/"+path, n) }
func (m *simFiles) Forbid(path string)                  { m.k.Forbid("/base/" + path) }
func (m *simFiles) Chtimes(path string, when time.Time) { m.k.Chtimes("/base/"+path, when) }
func (m *simFiles) Base() string                        { return "/base" }

func (m *simFiles) Limit(files int) {
	if files < 0 {
		files = 1024
	}
	m.p.Limit(files)
}

func (m *simFiles) Connection() (a, b int) {
	l, _ := m.Socket(sim.AF_INET, sim.SOCK_STREAM, 0)
	m.Bind(l, &sim.SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}})
	m.Listen(l, 1)
	a, _ = m.Socket(sim.AF_INET, sim.SOCK_STREAM|sim.SOCK_NONBLOCK, 0)
	m.Connect(a, &sim.SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}})
	b, _ = m.Accept4(l, sim.SOCK_NONBLOCK)
	m.Close(l)
	return a, b
}

// play runs a case, and returns the result of each line.
func (c filesCase) play(m filesMachine) (results []string) {
	p := &filesPlayer{m: m, fds: map[string]int{"cwd": sim.AT_FDCWD, "bad": 999}}
	for _, line := range c.lines {
		line, _, _ = strings.Cut(line, " -> ")
		results = append(results, p.line(strings.TrimSpace(line)))
	}
	return results
}

// filesPlayer is the state of a case.
type filesPlayer struct {
	m      filesMachine
	fds    map[string]int
	mapped []byte
}

// line runs a line of a case.
func (p *filesPlayer) line(line string) string {
	var names []string
	if before, after, found := strings.Cut(line, " := "); found {
		names, line = strings.Fields(before), after
	}
	words := strings.Fields(line)
	for i := range words {
		words[i] = p.expand(words[i])
	}
	a := filesArgs{p, words[1:]}
	if prepare := filesPreparations(words[0]); prepare != nil {
		prepare(p.m, a)
		return "ok"
	}
	if words[0] == "connection" {
		p.fds[names[0]], p.fds[names[1]] = p.m.Connection()
		return "ok"
	}
	if open := filesOpens(words[0]); open != nil {
		fd, err := open(p.m, a)
		if err != nil {
			return outcomeName(err)
		}
		if len(names) == 1 {
			p.fds[names[0]] = fd
			return "ok"
		}
		var st sim.Stat_t
		err = p.m.Fstat(fd, &st)
		p.m.Close(fd)
		return statResult(st, err)
	}
	call := filesCalls(words[0])
	if call == nil {
		return "there is no call " + words[0]
	}
	return call(p.m, a)
}

var repeated = regexp.MustCompile(`\{(.+?)\*(\d+)\}`)

// expand replaces what a word stands for.
func (p *filesPlayer) expand(word string) string {
	if word == `""` {
		return ""
	}
	word = repeated.ReplaceAllStringFunc(word, func(s string) string {
		parts := repeated.FindStringSubmatch(s)
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], n)
	})
	word = strings.NewReplacer(`\0`, "\x00", "$", p.m.Base()).Replace(word)
	if before, name, found := strings.Cut(word, "&"); found {
		name, rest, slash := strings.Cut(name, "/")
		word = before + strconv.Itoa(p.fds[name])
		if slash {
			word += "/" + rest
		}
	}
	return word
}

// filesArgs are the words after a call's name.
type filesArgs struct {
	p     *filesPlayer
	words []string
}

func (a filesArgs) at(i int) string {
	if i < len(a.words) {
		return a.words[i]
	}
	return ""
}

func (a filesArgs) number(i int) int64 {
	n, err := strconv.ParseInt(a.at(i), 0, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (a filesArgs) fd(i int) int {
	fd, ok := a.p.fds[a.at(i)]
	if !ok {
		panic("no descriptor is named " + a.at(i))
	}
	return fd
}

// flags adds up the words from the i-th on.
func (a filesArgs) flags(i int, values map[string]uint64) (sum uint64) {
	for _, word := range a.words[min(i, len(a.words)):] {
		v, ok := values[word]
		if !ok && slices.Contains([]string{"BENEATH", "NOMAGIC"}, word) {
			continue // of the other set
		}
		if _, text, isNumber := strings.Cut(word, "="); isNumber {
			if key, _, _ := strings.Cut(word, "="); values[key] == 0 {
				continue
			}
			v, _ = strconv.ParseUint(text, 0, 64)
		}
		sum |= v
	}
	return sum
}

func outcomeName(err error) string {
	var e sim.Errno
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e):
		return e.Name()
	}
	return err.Error()
}

// result is what a call's line shows.
func result(value any, err error) string {
	if err != nil {
		return outcomeName(err)
	}
	return fmt.Sprint(value)
}

func statResult(st sim.Stat_t, err error) string {
	switch {
	case err != nil:
		return outcomeName(err)
	case st.Mode&sim.S_IFMT == sim.S_IFREG:
		return fmt.Sprintf("file %d", st.Size)
	case st.Mode&sim.S_IFMT == sim.S_IFDIR:
		return "directory"
	case st.Mode&sim.S_IFMT == sim.S_IFIFO:
		return "fifo"
	}
	return fmt.Sprintf("mode %#o", st.Mode)
}
