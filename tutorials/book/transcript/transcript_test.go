//go:build linux

package transcript

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		about, pattern, line string
		want, strict         bool
	}{
		{"a line without placeholders matches itself", "a.b {x}", "a.b {x}", true, true},
		{"a line without placeholders matches no other line", "a.b", "axb", false, false},
		{"an int", "n {int}", "n -12", true, true},
		{"an int has no decimal point", "n {int}", "n 1.5", false, false},
		{"a number", "{number} req/s", "31,000.5 req/s", true, true},
		{"two placeholders side by side", "{int}{word}", "12ab", true, true},
		{"a date", "Date: {date}", "Date: Sun, 06 Nov 1994 08:49:37 GMT", true, true},
		{"a time needs its unit", "{ms}", "44", false, false},
		{"a time needs the placeholder's unit", "{ms}", "44 us", false, false},
		{"a unit with or without a space", "took {ms}.", "took 44.1ms.", true, true},
		{"microseconds in either spelling", "{us}", "3.7µs", true, true},
		{"a time in its range", "{ms 30..60}", "44 ms", true, true},
		{"a time outside of its range by a factor below ten", "{ms 30..60}", "599 ms", true, false},
		{"a time far beyond its range", "{ms 30..60}", "601 ms", false, false},
		{"a time far below its range", "{ms 30..60}", "2.9 ms", false, false},
		{"a count in its range", "{int 3..5}", "3", true, true},
		{"a count outside of its range", "{int 3..5}", "6", false, false},
		{"the recorded value doesn't matter", "{int = 12} x", "99 x", true, true},
		{"bytes with a unit", "{bytes} held", "3.9 MB held", true, true},
		{"anything", "a{any}z", "a b c z", true, true},
		{"hex", "{hex}", "00ff", true, true},
		{"no hex", "{hex}", "00fg", false, false},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if _, got := p.values(c.line, false); got != c.want {
			t.Errorf("%s: %q matches %q: %v, want %v", c.about, c.pattern, c.line, got, c.want)
		}
		if _, got := p.values(c.line, true); got != c.strict {
			t.Errorf("%s: %q matches %q strictly: %v, want %v", c.about, c.pattern, c.line, got, c.strict)
		}
	}
}

func TestBadBlocks(t *testing.T) {
	for about, c := range map[string]struct{ text, words, want string }{
		"no command":    {"output\n", "", `a console block must begin with a command: "$ ..."`},
		"an odd word":   {"$ true\n", "here", `unknown word "here" after "console": only "repository" may stand there`},
		"a wrong range": {"$ true\n{int 5..3}\n", "", "{int 5..3} is not a range"},
		"words between": {"$ true\n{word 3..5}\n", "", "{word 3..5} is not a range"},
	} {
		if _, err := Parse(c.text, 1, strings.Fields(c.words)); err == nil || err.Error() != c.want {
			t.Errorf("%s gives %v, want %s", about, err, c.want)
		}
	}
}

func TestABlockIsWrittenAsItWasRead(t *testing.T) {
	const text = "$ one\n> two\nout\n\n{int = 3} left\n$ three\n$ four\n> is output too\n{lines}\n"
	b, err := Parse(text, 7, []string{"repository"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(text, b.String()); d != "" {
		t.Errorf("(-read +written):\n%s", d)
	}
	if !b.InRepository || len(b.Steps) != 3 || b.Steps[0].Command != "one\ntwo" || b.Steps[1].Line != 12 {
		t.Errorf("the block was parsed as %+v", b)
	}
}

// stage returns a stage in which the repository has a file called repository.
func stage(t *testing.T) *Stage {
	t.Helper()
	s := &Stage{
		Built: map[string]string{"./here/program": "echo ran"},
		Dir:   t.TempDir(), Repository: t.TempDir(), Path: t.TempDir(),
		Ports: map[int]int{8001: 40001, 8002: 40002}, Pids: []int{77777}, Limit: time.Minute,
	}
	if err := os.WriteFile(filepath.Join(s.Repository, "repository"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		about, text string
		words       []string
		want        string // the block as recorded
		fault       string // the difference; "" if there is none
	}{
		{"the output is as expected", "$ echo a 5 b\na {int} b\n", nil, "$ echo a 5 b\na {int = 5} b\n", ""},
		{"the output differs", "$ printf 'a\\nb\\nc\\n'\na\nx\nc\n", nil,
			"$ printf 'a\\nb\\nc\\n'\na\nb\nc\n", "\t-x\n\t+b"},
		{"there is no output", "$ true\nx\n", nil, "$ true\n", "\t-x"},
		{"standard error counts", "$ echo e >&2\ne\n", nil, "$ echo e >&2\ne\n", ""},
		{"the status counts", "$ exit 3\n[exit status 3]\n", nil, "$ exit 3\n[exit status 3]\n", ""},
		{"a status that isn't expected", "$ echo a; exit 3\na\n", nil, "$ echo a; exit 3\na\n[exit status 3]\n",
			"\t+[exit status 3]"},
		{"any lines", "$ printf 'a\\nb\\nc\\nd\\n'\na\n{lines}\nd\n", nil,
			"$ printf 'a\\nb\\nc\\nd\\n'\na\n{lines}\nd\n", ""},
		{"any lines, and then another end", "$ printf 'a\\nb\\n'\na\n{lines}\nd\n", nil,
			"$ printf 'a\\nb\\n'\na\n{lines}\n", "\t-{lines}\n\t-d\n\t+b"},
		{"a command of two lines", "$ echo a \\\n> b\na b\n", nil, "$ echo a \\\n> b\na b\n", ""},
		{"commands share their directory", "$ echo x > f\n$ cat f\nx\n", nil, "$ echo x > f\n$ cat f\nx\n", ""},
		{"commands in the repository", "$ ls\nrepository\n", []string{"repository"}, "$ ls\nrepository\n", ""},
		{"a command gets the real port, and the chapter keeps its own",
			"$ echo http://h:8001/ $((8001 - 1)) 8003\nhttp://h:8001/ 40000 8003\n", nil,
			"$ echo http://h:8001/ $((8001 - 1)) 8003\nhttp://h:8001/ 40000 8003\n", ""},
		{"what always differs is recorded as a placeholder",
			"$ echo pid 77777, Sun, 06 Nov 1994 08:49:37 GMT\n", nil,
			"$ echo pid 77777, Sun, 06 Nov 1994 08:49:37 GMT\n" +
				"pid {pid = 77777}, {date = Sun, 06 Nov 1994 08:49:37 GMT}\n",
			"\t+pid 77777, Sun, 06 Nov 1994 08:49:37 GMT"},
		{"the machine's language and time zone don't matter", "$ date +%Z; echo $LC_ALL\nUTC\nC\n", nil,
			"$ date +%Z; echo $LC_ALL\nUTC\nC\n", ""},
		{"a program that was built runs without go run", "$ go run ./here/program -x 8001\nran -x 8001\n", nil,
			"$ go run ./here/program -x 8001\nran -x 8001\n", ""},
		{"a program with a longer name is another one", "$ echo go run ./here/program2\ngo run ./here/program2\n", nil,
			"$ echo go run ./here/program2\ngo run ./here/program2\n", ""},
		{"a carriage return doesn't count", "$ printf 'a\\r\\n'\na\n", nil, "$ printf 'a\\r\\n'\na\n", ""},
	} {
		b, err := Parse(c.text, 1, c.words)
		if err != nil {
			t.Fatal(err)
		}
		recorded, faults, err := b.Run(t.Context(), stage(t))
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if d := cmp.Diff(c.want, recorded.String()); d != "" {
			t.Errorf("%s: wrong recorded block (-want +got):\n%s", c.about, d)
		}
		var got string
		for _, f := range faults {
			_, got, _ = strings.Cut(f.Message, "\n")
		}
		if d := cmp.Diff(c.fault, got); d != "" {
			t.Errorf("%s: wrong difference (-want +got):\n%s", c.about, d)
		}
	}
}

func TestWhatWasRecordedIsWhatComes(t *testing.T) {
	b, err := Parse("$ printf '1\\n2 x\\n{odd}\\n'\n{int}\n", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := stage(t)
	recorded, faults, err := b.Run(t.Context(), s)
	if err != nil || faults == nil {
		t.Fatalf("the first run must have faults (%v)", err)
	}
	again, err := Parse(recorded.String(), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, faults, err = again.Run(t.Context(), s); err != nil || faults != nil {
		t.Errorf("a block that was just recorded gives %v, %v", faults, err)
	}
}

func TestACommandIsBounded(t *testing.T) {
	s := stage(t)
	s.Limit = 100 * time.Millisecond
	_, err := s.Output(t.Context(), s.Dir, "sleep 1000 & sleep 1000")
	if err == nil || err.Error() != "it was not done after 100ms" {
		t.Errorf("a command that doesn't end gives %v", err)
	}
	s.Limit = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if got, err := s.Output(ctx, s.Dir, "echo a; sleep 1000 &"); err != nil || len(got) != 1 {
		t.Errorf("a command that leaves a process running gives %q, %v", got, err)
	}
}

func TestAProgramIsMissing(t *testing.T) {
	b, err := Parse("$ no-such-program x\nx\n", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = b.Run(t.Context(), stage(t)); !errors.Is(err, ErrLacks) ||
		err.Error() != `"no-such-program x": no-such-program is not installed` {
		t.Errorf("a missing program gives %v", err)
	}
}

// A tool may be anywhere in a command of several lines.
func TestAToolIsMissing(t *testing.T) {
	s := stage(t)
	dir := t.TempDir()
	sh, err := exec.LookPath("sh")
	if err == nil {
		err = os.Symlink(sh, dir+"/sh")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir) // the tools are missing, but not the shell's own commands
	for command, want := range map[string]string{
		"calls=1\nstrace -f -o $calls ./x &":                 "strace",
		"bash -c 'exec 3<>/dev/tcp/127.0.0.1/9000; ss -tan'": "bash",
		"until ss -ltn | grep -q LISTEN; do sleep 0.1; done": "ss",
		"(printf a) | curl --silent telnet://127.0.0.1:9000": "curl",
		"echo the ss of strace and curl":                     "",
	} {
		got := ""
		if err := s.lacks(command); err != nil {
			got = err.Error()
		}
		if want != "" {
			want += " is not installed"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", command, got, want)
		}
	}
}

func TestACommandNeedsRoot(t *testing.T) {
	s := stage(t)
	got, err := s.Output(t.Context(), s.Dir, "true\nsudo id -u")
	switch {
	case os.Geteuid() != 0 && errors.Is(err, ErrLacks): // this user can't become root without a password
	case err != nil || !slices.Equal(got, []string{"0"}):
		t.Errorf("sudo id -u prints %q, %v, want 0", got, err)
	}
	if _, err := s.Output(t.Context(), s.Dir, "sudo no-such-program"); !errors.Is(err, ErrLacks) ||
		err.Error() != "no-such-program is not installed" {
		t.Errorf("a missing program of root gives %v", err)
	}
}

func TestHTML(t *testing.T) {
	b, err := Parse("$ a <b\n> c\nx {int = 5} {ms 3..5}\n{lines}\n", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `<span class="prompt">$ </span><kbd>a &lt;b</kbd>
<span class="prompt">&gt; </span><kbd>c</kbd>
<samp>x <var title="differs from run to run: int">5</var> ` +
		`<var title="differs from run to run: ms, 3 to 5">‹ms›</var></samp>
<samp><var title="more lines">…</var></samp>
`
	if d := cmp.Diff(want, b.HTML()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
