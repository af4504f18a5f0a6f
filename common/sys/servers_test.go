//go:build linux && !sim

package sys

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The three servers and package conn pass their tests on the simulated kernel. Those tests are built
// with the tag sim, so another go test has to run them.
func TestTheServersOnTheSimulatedKernel(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, the servers' tests on the simulated kernel aren't run: they take a minute or two")
	}
	dependOnSources(t)
	// One package at a time, because other tests of this go test run beside it, and some measure.
	// With all cuts the tests take several minutes of one processor. So they take place where
	// everything must pass, and elsewhere each trace is cut in ten ways.
	args := []string{"test", "-p=1", "-tags=sim"}
	if os.Getenv("THREELOOPS_REQUIRE") != "all" {
		args = append(args, "-short")
	}
	cmd := exec.Command("go", append(args, "threeloops/forkserv", "threeloops/pollserv", "threeloops/epollserv",
		"threeloops/common/conn")...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, &out)
	}
	t.Log(&out)
}

// dependOnSources makes the result of a test depend on all source files of the module. A test that
// runs another program would otherwise stay "ok (cached)" when that program changes: go test knows
// only the files that the test itself has looked at.
func dependOnSources(t *testing.T) {
	const root = "../.."
	for _, dir := range []string{"common", "forkserv", "pollserv", "epollserv"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
