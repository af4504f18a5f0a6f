//go:build linux && !sim

package sys

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bootProgram does on a simulated kernel what its argument says.
const bootProgram = `
package main

import (
	"fmt"
	"time"

	"threeloops/common/sys"
)

func main() {
	sys.Main(func() {
		switch sys.Args()[1] {
		case "panic":
			panic("a mistake")
		case "exit":
			fmt.Fprintln(sys.Stderr, "ends")
			sys.Exit(7)
		case "wait":
			sys.Sleep(sys.Forever)
			sys.Sleep(2000 * time.Hour)
		}
	})
}
`

// A program that was built with the tag sim plays the scenario of its standard input, tells all that
// has gone wrong, and ends with the status that it would have on Linux.
func TestAProgramPlaysAScenario(t *testing.T) {
	dependOnSources(t)
	program := filepath.Join(t.TempDir(), "boot")
	if err := os.WriteFile(program+".go", []byte(bootProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-tags=sim", "-o", program, program+".go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		arg, scenario string
		status        int
		want          string
	}{
		{"exit", "at 0s A connects", 7, "exit_group(7) = 0"},
		{"panic", "at 0s A connects", 2, "process 1: panic: a mistake"},
		{"wait", "at 0s SIGTERM", 128 + 15, ""},
		{"wait", "at 999h A connects", 0, "A got \"\" ECONNREFUSED\n"},
		{"exit", "at 0s A dances", 2, "scenario: 1:9: want connects"},
		{"exit", "", 2, "scenario: standard input has none: type for example  echo 'at 0s A connects' | boot\n"},
	} {
		cmd := exec.Command(program, c.arg)
		cmd.Stdin = strings.NewReader(c.scenario)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		if status := cmd.ProcessState.ExitCode(); status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s, %q: status %d, want %d and %q in\n%s", c.arg, c.scenario, status, c.status, c.want, &out)
		}
	}
}
