package processtest

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	keepInherited()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	programs, err := os.MkdirTemp("", "threeloops-servers-*")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(programs)
	build := exec.Command("go", append(append([]string{"build"}, buildFlags()...),
		"-o", programs, "./forkserv", "./pollserv", "./epollserv")...)
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", build, err, out)
	}
	if err := noteSources(build.Dir); err != nil {
		return 0, err
	}
	program = func(t testing.TB) (string, []string, error) {
		name, _, _ := strings.Cut(t.Name(), "/")
		target, ok := targets[name]
		if !ok {
			return "", nil, fmt.Errorf("%s is a test of no server", name)
		}
		return filepath.Join(programs, target.Name), target.Flags, nil
	}
	return m.Run(), nil
}

// buildFlags are those of the flags with which these tests were built that make other servers.
func buildFlags() (flags []string) {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" || s.Key == "-tags" {
			flags = append(flags, s.Key+"="+s.Value)
		}
	}
	return flags
}

// noteSources looks at each source of the servers. The go command notes what a test looks at,
// and doesn't take a result from its cache when that has changed.
func noteSources(root string) error {
	for _, dir := range []string{"common", "forkserv", "pollserv", "epollserv"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasSuffix(path, "_test.go") {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
