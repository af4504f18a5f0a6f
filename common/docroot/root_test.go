package docroot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/sys"
)

// tree returns a root that contains every kind of file, and creates a secret file next to it.
func tree(t *testing.T) *Root {
	t.Helper()
	base := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(base, "root")
	must(os.MkdirAll(filepath.Join(dir, "dir", "sub"), 0o755))
	must(os.WriteFile(filepath.Join(base, "secret"), []byte("secret"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "dir", "sub", "deep"), []byte("deeper"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "locked"), []byte("locked"), 0))
	must(os.Chtimes(filepath.Join(dir, "file"), time.Time{}, time.Unix(784111777, 5)))
	must(unix.Mkfifo(filepath.Join(dir, "pipe"), 0o666))
	for name, to := range map[string]string{
		"inside": "dir/sub/deep", "updown": "dir/../file", "out": "../secret",
		"absolute": filepath.Join(base, "secret"), "loop": "loop", "outdir": "..", "nowhere": "nothing",
		"own": filepath.Join(dir, "file"),
	} {
		must(os.Symlink(to, filepath.Join(dir, name)))
	}
	r, err := Open(dir)
	must(err)
	t.Cleanup(r.Close)
	return r
}

// openat2(2) returns EAGAIN if "the kernel could not ensure that a ".." component didn't escape
// (due to a race condition or potential attack)". Any rename on the machine can look like that.
func TestALinkUpwardsIsFoundWhileOtherFilesAreRenamed(t *testing.T) {
	r, dir := tree(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for from, to := filepath.Join(dir, "a"), filepath.Join(dir, "b"); ; from, to = to, from {
			select {
			case <-over:
				return
			default:
				os.Rename(from, to)
			}
		}
	}()
	for n := range 20000 {
		f, _, _, err := r.Open("updown")
		if err != nil {
			t.Errorf("try %d: %v", n, err)
			break
		}
		f.Close()
	}
	close(over)
	<-ended
}

func TestFilesBelowARoot(t *testing.T) {
	r := tree(t)
	for name, want := range map[string]string{
		"file": "text", "dir/sub/deep": "deeper", "dir//sub/./deep": "deeper", "dir/../file": "text",
		"inside": "deeper", "updown": "text",
	} {
		f, size, modified, err := r.Open(name)
		if err != nil || f == nil {
			t.Errorf("%s: %v, %v", name, f, err)
			continue
		}
		text, err := io.ReadAll(io.NewSectionReader(f, 0, size))
		if string(text) != want || err != nil {
			t.Errorf("%s: got the text %q, %v", name, text, err)
		}
		if want == "text" && !modified.Equal(time.Unix(784111777, 5)) {
			t.Errorf("%s: got the modification time %v", name, modified)
		}
		f.Close()
	}
}

func TestNamesThatARootRefuses(t *testing.T) {
	r := tree(t)
	for name, want := range map[string]error{
		"":                        fs.ErrNotExist,
		"nothing":                 fs.ErrNotExist,
		"nowhere":                 fs.ErrNotExist,
		"file/x":                  fs.ErrNotExist,
		"nul\x00":                 fs.ErrNotExist,
		strings.Repeat("a", 300):  fs.ErrNotExist,
		strings.Repeat("a/", 3e3): fs.ErrNotExist,
		"../secret":               fs.ErrPermission,
		"dir/../../secret":        fs.ErrPermission,
		"..":                      fs.ErrPermission,
		"/etc/passwd":             fs.ErrPermission,
		"out":                     fs.ErrPermission,
		"outdir/secret":           fs.ErrPermission,
		"absolute":                fs.ErrPermission,
		"own":                     fs.ErrPermission,
		"loop":                    fs.ErrPermission,
		"pipe":                    fs.ErrPermission,
	} {
		if f, _, _, err := r.Open(name); !errors.Is(err, want) || f != nil {
			t.Errorf("Open(%.20q) = %v, %v, want %v", name, f, err, want)
		}
	}
}

// fifo(7): a writer's open waits until a reader opens the pipe. If the reader closes it again, the
// writer dies of SIGPIPE.
func TestAPipesWriterIsNotWoken(t *testing.T) {
	r := tree(t)
	path := fmt.Sprintf("/proc/self/fd/%d/pipe", r.Fd())
	opened := make(chan int, 1)
	go func() {
		fd, err := unix.Open(path, unix.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
		}
		opened <- fd
	}()
	time.Sleep(50 * time.Millisecond) // until the writer waits
	for range 100 {
		if f, _, _, err := r.Open("pipe"); f != nil || !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Open of a pipe = %v, %v, want a permission error", f, err)
		}
	}
	select {
	case fd := <-opened:
		unix.Close(fd)
		t.Error("the pipe was opened for reading, so its writer woke")
	case <-time.After(100 * time.Millisecond):
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(<-opened)
		unix.Close(fd)
	}
}

// BenchmarkOpen measures what a request for a small file costs in addition to the connection.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o644); err != nil {
		b.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for b.Loop() {
		f, _, _, err := r.Open("file")
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// The path leads to another directory after a site was built again or a link was switched to
// another release.
func TestARootFollowsItsPath(t *testing.T) {
	base := t.TempDir()
	current := filepath.Join(base, "current")
	release := func(text string) {
		t.Helper()
		dir := filepath.Join(base, text)
		err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(dir, "file"), []byte(text), 0o644),
			os.Symlink(text, current+".new"), os.Rename(current+".new", current))
		if err != nil {
			t.Fatal(err)
		}
	}
	release("one")
	r, err := Open(current)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	serves := func(when, want string) {
		t.Helper()
		if got := textOf(t, r); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
	number := r.Fd()
	release("two")
	r.checkedAt = time.Now()
	serves("within a second", "one")
	r.checkedAt = time.Now().Add(-time.Second)
	serves("after a second", "two")
	os.Rename(current, current+".away")
	r.checkedAt = time.Now().Add(-time.Second)
	serves("while the path leads nowhere", "two")
	os.WriteFile(current, nil, 0o644)
	r.checkedAt = time.Now().Add(-time.Second)
	serves("while the path leads to a file", "two")
	os.Remove(current)
	release("three")
	inherited := Inherit(number, current)
	if n := inherited.Renew(); n != 1 {
		t.Errorf("an inherited root followed its path %d times, want 1", n)
	}
	serves("after the inherited root has followed the path", "three")
	if flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFD, 0); r.Fd() != number || flags != unix.FD_CLOEXEC {
		t.Errorf("descriptor %d became %d with flags %d, %v", number, r.Fd(), flags, err)
	}
}

// A Root follows its path by replacing a descriptor, and a descriptor belongs to a table.
func TestAThreadWithItsOwnTableFollowsThePathForItself(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o755),
			os.WriteFile(filepath.Join(dir, name, "file"), []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	current := filepath.Join(dir, "current")
	os.Symlink("one", current)
	r, err := Open(current)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	os.Remove(current)
	os.Symlink("two", current)
	sys.GoUnshared(func(err error) {
		c := r.Copy()
		c.checkedAt = time.Now().Add(-time.Second)
		if n := c.Renew(); n != 1 || err != nil {
			t.Errorf("the copy followed the path %d times, want 1; unshare: %v", n, err)
		}
		if got := textOf(t, c); got != "two" {
			t.Errorf("the copy serves %q after the link has changed, want two", got)
		}
	}).Join(sys.Forever)
	r.checkedAt = time.Now()
	if got := textOf(t, r); got != "one" {
		t.Errorf("the Root serves %q before it has followed the path, want one", got)
	}
	r.checkedAt = time.Now().Add(-time.Second)
	if got := textOf(t, r); got != "two" {
		t.Errorf("the Root serves %q after the link has changed, want two", got)
	}
}

// textOf returns the first bytes of r's file.
func textOf(t *testing.T, r *Root) string {
	t.Helper()
	f, _, _, err := r.Open("file")
	if err != nil {
		t.Error(err)
		return ""
	}
	defer f.Close()
	text := make([]byte, 5)
	n, _ := f.ReadAt(text, 0)
	return string(text[:n])
}

func TestADirectoryIsNeitherAnErrorNorAFile(t *testing.T) {
	r := tree(t)
	for _, name := range []string{".", "dir", "dir/", "dir/sub/.."} {
		if f, _, _, err := r.Open(name); f != nil || err != nil {
			t.Errorf("Open(%s) = %v, %v, want neither a file nor an error", name, f, err)
		}
	}
}

func TestMagicLinksLeadNowhere(t *testing.T) {
	r, err := Open("/proc/self")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, name := range []string{"exe", "root/etc/passwd", "cwd/root_test.go", "fd/0"} {
		if f, _, _, err := r.Open(name); !errors.Is(err, fs.ErrPermission) || f != nil {
			t.Errorf("Open of /proc/self/%s = %v, %v, want a permission error", name, f, err)
		}
	}
	f, _, _, err := r.Open("status")
	if err != nil || f == nil {
		t.Fatalf("Open of an ordinary file in /proc = %v, %v", f, err)
	}
	f.Close()
}

func TestAFileThatMayNotBeRead(t *testing.T) {
	r := tree(t)
	// Setfsuid sets the user of this thread only, and the thread ends with the test.
	runtime.LockOSThread()
	if err := unix.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	f, _, _, err := r.Open("locked")
	unix.Setfsuid(os.Getuid())
	if !errors.Is(err, fs.ErrPermission) || f != nil {
		t.Errorf("Open of a file that we may not read = %v, %v, want a permission error", f, err)
	}
}

func TestServerErrorsAreNotReportedAsClientErrors(t *testing.T) {
	r := tree(t)
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	none := was
	none.Cur = 3 // stdin, stdout and stderr
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := r.Open("file")
	unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		t.Errorf("when no descriptor is left, Open says that the file is missing or locked: %v", err)
	}
}

func TestARefusalLeavesNoDescriptor(t *testing.T) {
	r := tree(t)
	open := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := open()
	for _, name := range []string{"pipe", "dir", "out", "nothing"} {
		for range 10 {
			r.Open(name)
		}
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors were open before, %d after", before, after)
	}
}

func TestARootMustBeADirectory(t *testing.T) {
	name := temp(t, nil)
	for _, path := range []string{name, name + "nothing", ""} {
		var pe *fs.PathError
		if r, err := Open(path); r != nil || !errors.As(err, &pe) {
			t.Errorf("Open(%q): got %v, want a PathError", path, err)
		}
	}
}

func TestReadAtOfAFile(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), 1000)
	name := temp(t, text)
	r, err := Open(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, _, _, err := r.Open(filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := iotest.TestReader(io.NewSectionReader(f, 0, int64(len(text))), text); err != nil {
		t.Error(err)
	}
	p := make([]byte, 10)
	if n, err := f.ReadAt(p, int64(len(text))-4); string(p[:n]) != "6789" || err != io.EOF {
		t.Errorf("ReadAt over the end = %q, %v", p[:n], err)
	}
}

// temp creates a file with that content and returns its name.
func temp(t *testing.T, text []byte) string {
	t.Helper()
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}
