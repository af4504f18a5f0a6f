package strace

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected records of testdata")

// read returns the records of a text. It fails the test if a line can't be read.
func read(t *testing.T, text string) []Record {
	t.Helper()
	r := NewReader(strings.NewReader(text))
	all, err := r.All()
	if err != nil || r.Unread() > 0 {
		t.Fatalf("%d lines are unread (error: %v) in\n%s", r.Unread(), err, text)
	}
	return all
}

// show writes a record as a line. It shows every field of the record.
func show(r Record, start time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8.3f ms  %d  ", float64(r.Began.Sub(start).Microseconds())/1000, r.Tid)
	switch r.Kind {
	case Call:
		fmt.Fprintf(&b, "%s(%s)", r.Name, r.Text(100))
		if v := r.Return; v.Known {
			fmt.Fprintf(&b, " = %d", v.Value)
		}
		if r.Return.Errno != "" {
			fmt.Fprintf(&b, " %s", r.Return.Errno)
		}
		if r.Return.Note != "" {
			fmt.Fprintf(&b, " (%s)", r.Return.Note)
		}
		if fd := r.Return.Fd; fd != nil {
			fmt.Fprintf(&b, " new: %s", about(fd))
		}
		fmt.Fprintf(&b, ", %v", r.Waited())
		if fd := r.Arg(0).Fd; fd != nil {
			fmt.Fprintf(&b, ", on %s", about(fd))
		}
	case Signal:
		fmt.Fprintf(&b, "gets %s {%s}", r.Name, r.Text(100))
	case Stopped:
		fmt.Fprintf(&b, "stopped by %s", r.Name)
	case Exited:
		fmt.Fprintf(&b, "ends with status %d", r.Status)
	case Killed:
		fmt.Fprintf(&b, "killed by %s", r.Name)
	case Superseded:
		fmt.Fprintf(&b, "replaced by thread %d", r.Status)
	}
	return b.String()
}

func about(d *Descriptor) string {
	switch {
	case d.Remote.IsValid():
		return fmt.Sprintf("%s %v of %v", d.Kind, d.Local, d.Remote)
	case d.Local.IsValid():
		return fmt.Sprintf("%s %v", d.Kind, d.Local)
	}
	return fmt.Sprintf("%s %s %d", d.Kind, d.Path, d.Inode)
}

// Each file of testdata is what strace wrote about a server in Python: one with threads, one with
// child processes, and one that calls poll, epoll, pipes, and sends a descriptor.
func TestRecordedOutput(t *testing.T) {
	files, err := filepath.Glob("testdata/*.strace")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no recorded output (error: %v)", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		all := read(t, string(text))
		for _, r := range all {
			fmt.Fprintln(&got, show(r, all[0].Began))
		}
		golden := strings.TrimSuffix(name, ".strace") + ".records"
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s: expected records (-) and those that were read (+):\n%s", name, diff)
		}
	}
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ about, text, want string }{
		{
			"escapes of C", `7 1.000000 write(1, "a\"b\\\n\r\t\v\f\0\1772\18", 13) = 13 <0.000002>`,
			`7  write(1, "a\"b\\\n\r\t\x0b\x0c\x00\x7f2\x018", 13) = 13, 2µs`,
		},
		{
			"a string that strace has cut", `7 1.000000 read(3, "\x61\x62"..., 64) = 64`,
			`7  read(3, "ab"…, 64) = 64, 0s`,
		},
		{
			"a number in brackets", `[pid   812] 1.000000 close(3) = 0`,
			`812  close(3) = 0, 0s`,
		},
		{"no thread and no time", `getpid() = 42`, `0  getpid() = 42, 0s`},
		{
			"an error", `7 1.000000 read(77, 0x7f, 1) = -1 EBADF (Bad file descriptor) <0.000001>`,
			`7  read(77, 0x7f, 1) = -1 EBADF (Bad file descriptor), 1µs`,
		},
		{
			"a connection over IPv6 that is IPv4", `7 1.000000 close(5<TCPv6:[[::ffff:10.0.0.1]:80->[::ffff:10.0.0.2]:99]>) = 0`,
			`7  close(5) = 0, 0s, on TCPv6 10.0.0.1:80 of 10.0.0.2:99`,
		},
		{
			"a device, and a file that was removed", `7 1.000000 dup2(0<\x2f\x64<char 1:3>>, 1</a b>(deleted)) = 1</a b>(deleted)`,
			`7  dup2(0, 1) = 1 new: file /a b 0, 0s, on file /d 0`,
		},
		{
			"a call that is killed", "7 1.000000 pause( <unfinished ...>\n7 2.000000 <... pause resumed> <unfinished ...>) = ?",
			`7  pause(), 0s`,
		},
		{
			"a call in two lines, with another thread's between them",
			"7 1.000000 read(3,  <unfinished ...>\n8 1.100000 getpid() = 8\n7 1.500000 <... read resumed>\"x\", 9) = 1 <0.400000>",
			"8  getpid() = 8, 0s\n" + `7  read(3, "x", 9) = 1, 500ms`,
		},
		{
			"a call whose beginning is missing", `7 1.500000 <... read resumed>"x", 9) = 1 <0.400000>`,
			`7  read("x", 9) = 1, 400ms`,
		},
		{
			"an execve in another thread than the first",
			"8 1.000000 execve(\"/a\", [\"a\"], 0x1 /* 2 vars */ <unfinished ...>\n" +
				"7 1.100000 +++ superseded by execve in pid 8 +++\n7 1.200000 <... execve resumed>) = 0",
			"7  replaced by thread 8\n" + `7  execve("/a", ["a"], 0x1) = 0, 200ms`,
		},
		{"a core dump", `7 1.000000 +++ killed by SIGSEGV (core dumped) +++`, "7  killed by SIGSEGV"},
		{
			"sets of signals", `7 1.000000 rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [INT TERM], 8) = 0`,
			`7  rt_sigprocmask(SIG_BLOCK, ~[RTMIN RT_1], [INT TERM], 8) = 0, 0s`,
		},
		{
			"parts that strace has left out", `7 1.000000 poll([{fd=3, events=POLLIN}, ...], 100, 0) = 0 (Timeout)`,
			`7  poll([{fd=3, events=POLLIN}…], 100, 0) = 0 (Timeout), 0s`,
		},
		{"a file that ends in the middle of a line", `7 1.000000 write(1, "ab`, `7  write(1, "ab"…), 0s`},
		{"a status of wait", `7 1.0 wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 9`,
			`7  wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], 0, NULL) = 9, 0s`},
	} {
		var got []string
		for _, r := range read(t, c.text) {
			line := show(r, r.Began)
			got = append(got, strings.TrimPrefix(line, "   0.000 ms  "))
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", c.about, diff)
		}
	}
}

func TestLinesThatAreNoRecords(t *testing.T) {
	for _, line := range []string{
		"strace: Process 7 attached", "hello", "7 1.000000 +++ flew away +++", "--- nothing ---", "<... read", "<...  resumed>", "(1) = 2",
	} {
		r := NewReader(strings.NewReader(line + "\n\n7 1.000000 close(3) = 0\n"))
		all, err := r.All()
		if err != nil || len(all) != 1 || r.Unread() != 1 {
			t.Errorf("%q: got %d records, %d unread lines, and the error %v; want 1, 1 and none", line, len(all), r.Unread(), err)
		}
	}
}

func TestAnErrorOfTheFileIsReturned(t *testing.T) {
	in := io.MultiReader(strings.NewReader("7 1.000000 close(3) = 0\n7 1."), iotest.ErrReader(io.ErrClosedPipe))
	all, err := NewReader(in).All()
	if err != io.ErrClosedPipe || len(all) != 1 {
		t.Errorf("got %d records and the error %v; want 1 and %v", len(all), err, io.ErrClosedPipe)
	}
}

func TestALineWithoutEndIsCut(t *testing.T) {
	long := "7 1.000000 write(1, \"" + strings.Repeat("a", 3*longest) + "\", 9) = 9\n7 2.000000 close(3) = 0\n"
	all := read(t, long)
	if len(all) != 2 || all[0].Return.Known || len(all[0].Arg(1).Bytes) > longest || all[1].Name != "close" {
		t.Errorf("got %d records, the first with %d bytes", len(all), len(all[0].Arg(1).Bytes))
	}
}

// The output of a strace that is killed may end anywhere.
func TestCutOutputIsReadUpToTheCut(t *testing.T) {
	text, err := os.ReadFile("testdata/threads.strace")
	if err != nil {
		t.Fatal(err)
	}
	whole := len(read(t, string(text)))
	for n := range text {
		all, err := NewReader(bytes.NewReader(text[:n])).All()
		if lines := bytes.Count(text[:n], []byte("\n")); err != nil || len(all) > whole || len(all) > lines+1 {
			t.Fatalf("after %d bytes: %d records of %d lines, error %v", n, len(all), lines, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	files, err := filepath.Glob("testdata/*.strace")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("7 1.5 a({[(<\"\\x\n7 <... a resumed> => {[3<TCP:[a->b]>\n1 2.0 b(1<2<3>>, /* */ ~[A B] => 1) = 0x <1e300>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewReader(bytes.NewReader(text))
		all, err := r.All()
		if err != nil {
			t.Fatalf("reading from memory failed: %v", err)
		}
		if lines := bytes.Count(text, []byte("\n")) + 1; len(all)+r.Unread() > lines {
			t.Errorf("%d records and %d unread lines of %d lines", len(all), r.Unread(), lines)
		}
		for _, rec := range all {
			rec.Text(20)
			rec.Named("events").Text(20)
			if rec.Waited() < 0 {
				t.Errorf("the call %s took %v", rec.Name, rec.Waited())
			}
		}
	})
}
