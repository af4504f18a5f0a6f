package progress

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/atomicfile"
)

// predictVariable makes the test binary write predictions instead of its tests.
const predictVariable = "THREELOOPS_PREDICT"

func TestMain(m *testing.M) {
	who := os.Getenv(predictVariable)
	if who == "" {
		os.Exit(m.Run())
	}
	f, err := Open()
	for i := 0; i < 20 && err == nil; i++ {
		err = f.Predict(fmt.Sprintf("%s.%d", who, i), "yes")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func open(t *testing.T) *File {
	t.Helper()
	f, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func place(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	return filepath.Join(dir, "threeloops", "progress.json")
}

func TestWhatIsNotedIsThereForTheNextProcess(t *testing.T) {
	path := place(t)
	f := open(t)
	if _, err := os.Stat(filepath.Dir(path)); err == nil {
		t.Error("a file was written before there was anything to save")
	}
	if choice, ok := f.Prediction("1.backlog"); ok {
		t.Errorf("got %q for a prediction that nobody made", choice)
	}
	for _, err := range []error{
		f.Predict("1.backlog", "2"), f.Predict("1.backlog", "as many as you like"), f.Predict("2.cut", "“é”\n"),
		f.Started(2, "/home/ann/line"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for want := 1; want <= 2; want++ {
		if n, err := f.Hint(2); n != want || err != nil {
			t.Fatalf("the hint after hint %d has number %d, error %v", want-1, n, err)
		}
	}

	for name, f := range map[string]*File{"this process": f, "the next process": open(t)} {
		want := map[string]string{"1.backlog": "as many as you like", "2.cut": "“é”\n"}
		if diff := cmp.Diff(want, f.Predictions()); diff != "" {
			t.Errorf("%s has other predictions (-want +got):\n%s", name, diff)
		}
		if choice, ok := f.Prediction("2.cut"); choice != "“é”\n" || !ok {
			t.Errorf("%s has the prediction %q, %t", name, choice, ok)
		}
		if f.Hints(2) != 2 || f.Hints(1) != 0 {
			t.Errorf("%s counts %d and %d hints, want 2 and 0", name, f.Hints(2), f.Hints(1))
		}
		if f.Exercise(2) != "/home/ann/line" || f.Exercise(1) != "" {
			t.Errorf("%s finds the exercises at %q and %q", name, f.Exercise(2), f.Exercise(1))
		}
	}
}

func TestWhereTheFileIs(t *testing.T) {
	for _, c := range []struct{ about, state, home, want string }{
		{"the variable of the specification", "/s", "/h", "/s/threeloops/progress.json"},
		{"without that variable", "", "/h", "/h/.local/state/threeloops/progress.json"},
		{"a relative path is ignored", "s", "/h", "/h/.local/state/threeloops/progress.json"},
		{"no home", "", "", ""},
	} {
		t.Setenv("XDG_STATE_HOME", c.state)
		t.Setenv("HOME", c.home)
		f, err := Open()
		switch {
		case c.want == "" && (err == nil || !strings.Contains(err.Error(), "set HOME or XDG_STATE_HOME")):
			t.Errorf("%s: got the error %v", c.about, err)
		case c.want != "" && (err != nil || f.Path() != c.want):
			t.Errorf("%s: got %v, %v, want %s", c.about, f, err, c.want)
		}
	}
}

// The file belongs to the reader, so a damaged one is never overwritten.
func TestABrokenFileIsToldAndKept(t *testing.T) {
	for about, text := range map[string]string{
		"cut":               `{"predictions":{"1.backl`,
		"empty":             "",
		"a list":            `[]`,
		"two":               `{} {}`,
		"a newer version's": `{"badges":["poll"]}`,
	} {
		path := place(t)
		f := open(t)
		if err := f.Predict("1.backlog", "3"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, opened := Open()
		for who, err := range map[string]error{"Open": opened, "Predict": f.Predict("1.backlog", "2")} {
			if err == nil || !strings.Contains(err.Error(), path+" is damaged") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %s returns %v, want one line with the file's name", about, who, err)
			}
		}
		if choice, _ := f.Prediction("1.backlog"); choice != "3" {
			t.Errorf("%s: a File that was open before has forgotten its prediction: %q", about, choice)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%s: the file was changed into %q", about, now)
		}
	}
}

func TestNothingIsLostBetweenProcesses(t *testing.T) {
	path := place(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := open(t)
	var all sync.WaitGroup
	for who := range 3 {
		all.Go(func() {
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", predictVariable, who))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("a process that predicts: %v\n%s", err, out)
			}
		})
		all.Go(func() {
			for range 10 {
				if _, err := f.Hint(7); err != nil {
					t.Error(err)
				}
				if _, err := Open(); err != nil {
					t.Errorf("a reader during the changes fails: %v", err)
				}
			}
		})
	}
	all.Wait()
	if n := len(f.Predictions()); n != 60 || f.Hints(7) != 30 {
		t.Errorf("got %d of 60 predictions, and %d of 30 hints", n, f.Hints(7))
	}
	left, err := filepath.Glob(filepath.Dir(path) + "/" + atomicfile.Unfinished)
	if err != nil || left != nil {
		t.Errorf("these files are left: %v, %v", left, err)
	}
}

func TestTheFileIsBounded(t *testing.T) {
	path := place(t)
	f := open(t)
	for about, err := range map[string]error{
		"a long choice":    f.Predict("1.a", strings.Repeat("x", MostText+1)),
		"a long name":      f.Predict("1."+strings.Repeat("x", mostName), "yes"),
		"a long directory": f.Started(1, "/"+strings.Repeat("x", mostPath)),
	} {
		if !errors.Is(err, ErrFull) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want ErrFull", about, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused change has made a file")
	}
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = f.Predict(fmt.Sprintf("1.%d", n), strings.Repeat("<", MostText)) // 6 bytes each in JSON
	}
	text, _ := os.ReadFile(path)
	if !errors.Is(err, ErrFull) || len(text) > mostBytes || len(text) < mostBytes/2 {
		t.Errorf("after %d long choices the file has %d bytes, and the last got %v", n, len(text), err)
	}
	if got := len(open(t).Predictions()); got != n-1 {
		t.Errorf("of %d saved choices %d are there", n-1, got)
	}
	if err := f.Predict("1.0", "short"); err != nil {
		t.Errorf("a full file must accept a shorter choice in place of a longer one: %v", err)
	}
}

func TestTheNumberOfEntriesIsBounded(t *testing.T) {
	place(t)
	f := open(t)
	s := State{Predictions: map[string]string{}}
	for i := range mostOfKind {
		s.Predictions[fmt.Sprintf("1.%d", i)] = "yes"
	}
	if err := f.change(func(to *State) { *to = s }); err != nil {
		t.Fatal(err)
	}
	if err := f.Predict("2.more", "yes"); !errors.Is(err, ErrFull) {
		t.Errorf("one prediction more than %d: got %v, want ErrFull", mostOfKind, err)
	}
	if err := f.Predict("1.0", "no"); err != nil {
		t.Errorf("changing a prediction must need no room: %v", err)
	}
}

func TestAHugeFileIsNotRead(t *testing.T) {
	path := place(t)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}"+strings.Repeat(" ", mostBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(); err == nil || !strings.Contains(err.Error(), "more than 256 KiB") {
		t.Errorf("a file of more than %d bytes: got %v", mostBytes, err)
	}
}
