package sim

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Two processes that have the same memory file see each other's writes.
func TestProcessesShareTheMemoryOfAFile(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	one, two := k.NewProcess("one"), k.NewProcess("two")
	fd, _ := one.Thread().MemfdCreate("board", MFD_ALLOW_SEALING)
	one.Thread().Ftruncate(fd, 100)
	d, _ := one.table.at(fd)
	two.table.put(7, d, false)
	a, err := one.Thread().Mmap(fd, 0, 100, PROT_READ|PROT_WRITE, MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := two.Thread().Mmap(7, 0, 100, PROT_READ|PROT_WRITE, MAP_SHARED)
	a[5] = 'x'
	if b[5] != 'x' || len(a) != 100 || cap(a) != 100 {
		t.Errorf("got %q; the lengths are %d and %d", b[5], len(a), cap(a))
	}
	if at := reflect.ValueOf(a).Pointer(); at%8 != 0 {
		t.Errorf("the memory begins at %#x, want a multiple of 8", at)
	}
	one.end(exited(0))
	if err := two.Thread().AddSeals(7, F_SEAL_WRITE); err != EBUSY {
		t.Errorf("sealed while the other process maps it: got %v, want EBUSY", err)
	}
	two.outside.Close(7)
	two.end(exited(0))
	if d.refs != 0 || d.file.(*inode).isMapped() {
		t.Errorf("%d references are left", d.refs)
	}
}

func TestTheWallClockDatesFiles(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	c := k.NewProcess("test").Thread()
	mtime := func(path string) time.Time {
		var st Stat_t
		if err := c.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		return time.Unix(st.Mtim.Unix())
	}
	expect := func(what, path string) {
		t.Helper()
		if got, want := mtime(path), k.Now(); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	k.Mkdir("/d")
	k.WriteFile("/d/f", []byte("text"))
	expect("a new file", "/d/f")
	k.Run(1500 * time.Millisecond)
	k.WriteFile("/d/f", nil)
	expect("a file that is written again", "/d/f")
	if !mtime("/d").Before(k.Now()) {
		t.Error("writing to a file has changed the date of its directory")
	}
	k.JumpClock(-time.Hour)
	k.Truncate("/d/f", 1)
	expect("a file with another size", "/d/f")
	k.Run(time.Second)
	k.Remove("/d/f")
	expect("a directory with one entry less", "/d")
	m, _ := c.MemfdCreate("m", 0)
	c.Ftruncate(m, 10)
	k.Run(time.Second)
	c.Pwrite(m, []byte("x"), 0)
	expect("a memory file that was written to", fmt.Sprint("/proc/self/fd/", m))
}

// On Linux only a page cache that is short of memory behaves so; a test can't ask for it.
func TestAColdFileComesBackPageByPage(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.WriteFile("/f", make([]byte, 10*Pagesize+1))
	c := k.NewProcess("test").Thread()
	fd, _ := c.Open("/f", O_RDONLY, 0)
	cached := func(after string, want int64) {
		t.Helper()
		if got, err := c.Cachestat(fd, 0, 0); got != want || err != nil {
			t.Errorf("after %s: got %d pages, %v; want %d", after, got, err, want)
		}
	}
	cached("writing", 11)
	k.Cold("/f")
	cached("Cold", 0)
	c.Fadvise(fd, Pagesize, 2*Pagesize, POSIX_FADV_WILLNEED)
	cached("posix_fadvise of pages 1 and 2", 2)
	if n, _ := c.Cachestat(fd, 2*Pagesize, 2*Pagesize); n != 1 {
		t.Errorf("%d of the pages 2 and 3 are cached, want 1", n)
	}
	c.Pread(fd, make([]byte, 2), 4*Pagesize-1)
	cached("a read in pages 3 and 4", 4)
	var at int64 = 10 * Pagesize
	out, _ := c.MemfdCreate("out", 0)
	c.Sendfile(out, fd, &at, 100)
	cached("sendfile of the last page", 5)
	c.Fadvise(fd, -1, 10, POSIX_FADV_WILLNEED)
	cached("posix_fadvise from a negative offset", 5)
	c.Fadvise(fd, 0, 0, POSIX_FADV_WILLNEED)
	cached("posix_fadvise of everything", 11)
	k.Cold("/f")
	k.WriteFile("/f", make([]byte, Pagesize))
	cached("Cold, and writing the file again", 1)
}

// A socket that may wait takes everything, however slowly its peer reads.
func TestSendfileWaitsForABlockingSocket(t *testing.T) {
	k := New(Config{SendBuffer: 10_000, ReceiveBuffer: 10_000})
	defer k.Close()
	k.WriteFile("/f", []byte(strings.Repeat("0123456789", 20_000)))
	at := &SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}}
	sent, off := 0, int64(3)
	k.Start(Program{Main: func() {
		self := Current()
		l, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		self.Bind(l, at)
		self.Listen(l, 1)
		s, _ := self.Accept4(l, 0)
		f, _ := self.Open("/f", O_RDONLY, 0)
		sent, _ = self.Sendfile(s, f, &off, 199_000)
	}})
	k.Run(time.Second)
	var got []byte
	k.Start(Program{Main: func() {
		self := Current()
		s, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		self.Connect(s, at)
		for p := make([]byte, 777); ; self.Sleep(time.Millisecond) {
			n, err := self.Read(s, p)
			if n <= 0 || err != nil {
				return
			}
			got = append(got, p[:n]...)
		}
	}})
	k.Run(time.Minute)
	if sent != 199_000 || off != 199_003 || string(got) != strings.Repeat("0123456789", 20_000)[3:199_003] {
		t.Errorf("sent %d, to %d, got %d bytes", sent, off, len(got))
	}
}

// A socket that may not wait takes what has room.
func TestSendfileTellsHowMuchANonBlockingSocketHasTaken(t *testing.T) {
	k := New(Config{SendBuffer: 70_000, ReceiveBuffer: 30_000})
	defer k.Close()
	k.WriteFile("/f", []byte(strings.Repeat("0123456789", 20_000)))
	c := k.NewProcess("test").Thread()
	at := &SockaddrInet4{Port: 80, Addr: [4]byte{127, 0, 0, 1}}
	l, _ := c.Socket(AF_INET, SOCK_STREAM, 0)
	c.Bind(l, at)
	c.Listen(l, 1)
	s, _ := c.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
	c.Connect(s, at)
	f, _ := c.Open("/f", O_RDONLY, 0)
	off := int64(7)
	if sent, err := c.Sendfile(s, f, &off, 200_000); sent < 70_000 || sent > 100_000 || off != 7+int64(sent) || err != nil {
		t.Errorf("sent %d, to %d, %v", sent, off, err)
	}
	before := off
	if sent, err := c.Sendfile(s, f, &off, 200_000); sent != -1 || off != before || err != EAGAIN {
		t.Errorf("to a full socket: sent %d, to %d, %v", sent, off, err)
	}
}

// recorder is a socket that takes everything.
type recorder struct {
	Sink
	sent []string
}

func (r *recorder) sendmsg(_ *Thread, _ *description, bufs [][]byte, _ []*description, flags int) (int, Errno) {
	r.sent = append(r.sent, fmt.Sprintf("%d %#x", len(bufs[0]), flags))
	return len(bufs[0]), 0
}

func (r *recorder) recvmsg(*Thread, *description, []byte, int) (int, []*description, int, Errno) {
	return -1, nil, 0, EAGAIN
}

// So a segment that isn't full can wait for the next piece of the file.
func TestSendfileSaysWhetherMoreFollows(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.WriteFile("/f", make([]byte, 150_000))
	p := k.NewProcess("test")
	f, _ := p.Thread().Open("/f", O_RDONLY, 0)
	r := &recorder{}
	p.table.put(9, k.newDescription(r, O_RDWR), false)
	p.Thread().Sendfile(9, f, new(int64), 140_000)
	if got, want := strings.Join(r.sent, ", "), "65536 0x8000, 65536 0x8000, 8928 0x0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFaultShortensFileTransfers(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.WriteFile("/f", []byte("0123456789"))
	p := k.NewProcess("test")
	c := p.Thread()
	for _, call := range []string{"sendfile", "pread64", "read"} {
		k.Inject(Fault{Call: call, Pid: p.Pid, Bytes: 3, Times: 1})
	}
	k.Inject(Fault{Call: "openat2", Pid: p.Pid, Errno: EAGAIN, Times: 1})
	fd, _ := c.Open("/f", O_RDONLY, 0)
	out, _ := c.MemfdCreate("out", 0)
	for _, want := range []string{"3 3 3 EAGAIN", "10 10 7 ok"} {
		b := make([]byte, 10)
		sent, _ := c.Sendfile(out, fd, new(int64), 10)
		at, _ := c.Pread(fd, b, 0)
		read, _ := c.Read(fd, b)
		last := "ok"
		if _, err := c.Openat2(AT_FDCWD, "/f", &OpenHow{}); err != nil {
			last = err.(Errno).Name()
		}
		if got := fmt.Sprint(sent, at, read, " ", last); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What isn't modelled never succeeds silently.
func TestWhatFilesDontModelPanics(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.WriteFile("/f", []byte("text"))
	k.Mkfifo("/pipe")
	p := k.NewProcess("test")
	c := p.Thread()
	f, _ := c.Open("/f", O_RDONLY, 0)
	m, _ := c.MemfdCreate("m", MFD_ALLOW_SEALING)
	c.Ftruncate(m, 100)
	c.Mmap(m, 0, 100, PROT_READ|PROT_WRITE, MAP_SHARED)
	e, _ := c.Eventfd(0, 0)
	var st Stat_t
	for want, do := range map[string]func(){
		"open with the flags 0x1":            func() { c.Open("/f", O_WRONLY, 0) },
		"open with the flags 0x20000":        func() { c.Openat2(AT_FDCWD, "/f", &OpenHow{Flags: 0x20000}) },
		"openat2 with the resolve flags 0x4": func() { c.Openat2(AT_FDCWD, "/f", &OpenHow{Resolve: 4}) },
		"open of /pipe without O_PATH":       func() { c.Open("/pipe", O_NONBLOCK, 0) },
		"open of /proc/self/exe":             func() { c.Open("/proc/self/exe", 0, 0) },
		"/proc/self/fd/2 of this kind":       func() { c.Stat("/proc/self/fd/2", &st) },
		"fstat of this kind":                 func() { c.Fstat(e, &st) },
		"fstatat with the flags 0x100":       func() { c.Fstatat(AT_FDCWD, "/f", &st, 0x100) },
		"posix_fadvise with the advice 4":    func() { c.Fadvise(f, 0, 1, 4) },
		"memfd_create with the flags 0x4":    func() { c.MemfdCreate("m", 4) },
		"another size of a file":             func() { c.Ftruncate(m, 50) },
		"the seals 0x10":                     func() { c.AddSeals(m, 0x10) },
		"a mapping that is longer":           func() { c.Mmap(m, 0, 5000, PROT_READ|PROT_WRITE, MAP_SHARED) },
		"mmap with the protection 0x1":       func() { c.Mmap(m, 0, 100, PROT_READ, MAP_SHARED) },
		"a file of 1099511627776 bytes":      func() { c.Pwrite(m, []byte("x"), 1<<40-1) },
	} {
		expectPanic(t, "sim: "+want, do)
	}
}

func TestAMistakeOfTheCallerPanicsWithItsPath(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	k.Mkdir("/d/e")
	k.WriteFile("/f", nil)
	for want, do := range map[string]func(){
		`WriteFile("/nothing/f"): its directory doesn't exist (ENOENT)`: func() { k.WriteFile("/nothing/f", nil) },
		`WriteFile("/d"): it isn't a regular file`:                      func() { k.WriteFile("/d", nil) },
		`WriteFile("/f/x"): it isn't a regular file (ENOTDIR)`:          func() { k.WriteFile("/f/x", nil) },
		`Mkdir("/d"): it exists already`:                                func() { k.Mkdir("/d") },
		`Mkdir("/f/x"): its directory doesn't exist (ENOTDIR)`:          func() { k.Mkdir("/f/x") },
		`Symlink("/l"): its target is empty`:                            func() { k.Symlink("", "/l") },
		`Mkfifo("/f"): it exists already`:                               func() { k.Mkfifo("/f") },
		`Remove("/nothing"): it doesn't exist`:                          func() { k.Remove("/nothing") },
		`Remove("/d"): the directory isn't empty`:                       func() { k.Remove("/d") },
		`Remove("/"): it doesn't exist (ENOENT)`:                        func() { k.Remove("/") },
		`Rename("/d/e/x"): it is below /d`:                              func() { k.Rename("/d", "/d/e/x") },
		`Rename("/f"): what is there can't be replaced`:                 func() { k.Rename("/d", "/f") },
		`Rename("/d"): what is there can't be replaced`:                 func() { k.Rename("/f", "/d") },
		`Rename("/x/y"): its directory doesn't exist (ENOENT)`:          func() { k.Rename("/f", "/x/y") },
		`Truncate("/d"): it isn't a regular file`:                       func() { k.Truncate("/d", 1) },
		`Forbid("/nothing"): it doesn't exist (ENOENT)`:                 func() { k.Forbid("/nothing") },
		`Cold("/d"): it isn't a regular file`:                           func() { k.Cold("/d") },
	} {
		expectPanic(t, "sim: "+want, do)
	}
}

// expectPanic calls f, which must panic with a text that begins with want.
func expectPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got, _ := recover().(string); !strings.HasPrefix(got, want) {
			t.Errorf("got the panic %q, want %q", got, want)
		}
	}()
	f()
}

func TestATraceShowsFileCallsAsStraceDoes(t *testing.T) {
	var got []string
	k := New(Config{Trace: func(e Event) { got = append(got, e.Call+"("+e.Args+")") }})
	defer k.Close()
	k.WriteFile("/f", []byte("text"))
	c := k.NewProcess("test").Thread()
	var st Stat_t
	fd, _ := c.Open("/f", O_RDONLY|O_CLOEXEC, 0)
	c.Openat2(fd, "x", &OpenHow{Flags: O_PATH, Resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS})
	c.Stat("/f", &st)
	c.Pread(fd, make([]byte, 10), 2)
	off := int64(1)
	m, _ := c.MemfdCreate("m", MFD_CLOEXEC)
	c.Sendfile(m, fd, &off, 100)
	c.AddSeals(m, F_SEAL_GROW|F_SEAL_SEAL)
	want := []string{
		`openat(AT_FDCWD, "/f", O_RDONLY|O_CLOEXEC)`,
		`openat2(0, "x", {flags=O_RDONLY|O_PATH, resolve=RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS}, 24)`,
		`newfstatat(AT_FDCWD, "/f", {st_mode=0100644, st_size=4, ...}, 0)`,
		`pread64(0, "xt", 10, 2)`,
		`memfd_create("m", MFD_CLOEXEC)`,
		`sendfile(1, 0, [1] => [4], 100)`,
		`fcntl(1, F_ADD_SEALS, F_SEAL_SEAL|F_SEAL_GROW)`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
