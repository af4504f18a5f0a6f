//go:build sim && !js

package sys

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"threeloops/common/sim"
)

// How long boot plays a scenario.
const (
	mostTime  = 24 * time.Hour
	mostSteps = 10_000_000
)

// boot plays the scenario that standard input has, with the program as the server. It prints each
// system call, and at the end what each client has got. The exit status is that of the server, 0 if
// it still runs, or 2 if the scenario can't be parsed.
func boot(program func()) {
	text, err := io.ReadAll(os.Stdin)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("no scenario on standard input: type for example  echo 'at 0s A connects' | %s", filepath.Base(os.Args[0]))
	}
	var scenario *sim.Scenario
	if err == nil {
		scenario, err = sim.ParseScenario(string(text))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "scenario:%v\n", err)
		os.Exit(2)
	}
	w := scenario.Play(sim.Config{Trace: printEvent}, sim.Program{Main: program, Args: os.Args, Env: os.Environ()})
	defer w.Close()
	if !w.Run(mostTime, mostSteps) {
		fmt.Fprintf(os.Stderr, "scenario: the server still runs after %d steps\n", mostSteps)
		os.Exit(1)
	}
	for _, c := range w.Clients {
		fmt.Printf("%s got %q %s\n", c.Name, c.Got, c.End)
	}
	os.Stdout.WriteString(w.Server.Out.String())
	os.Stderr.WriteString(w.Server.Err.String())
	if status, ended := w.Server.Ended(); ended {
		os.Exit(status.ExitStatus())
	}
}

func printEvent(e sim.Event) {
	result := fmt.Sprint(e.Result)
	if e.Errno != 0 {
		result += " " + e.Errno.Name()
	}
	fmt.Printf("%-10v %d %s(%s) = %s", e.Time, e.Pid, e.Call, e.Args, result)
	if e.Loop.Line != 0 {
		fmt.Printf("  (%s:%d)", filepath.Base(e.Loop.File), e.Loop.Line)
	}
	fmt.Println()
}
