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
	timeAfter = 24 * time.Hour // after the last action
	mostSteps = 10_000_000
)

// boot plays the scenario that standard input has, with the program as the server. It prints each
// system call, and at the end what each client has got.
func boot(program func()) {
	text, err := io.ReadAll(os.Stdin)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("standard input has none: type for example  echo 'at 0s A connects' | %s", filepath.Base(os.Args[0]))
	}
	var scenario *sim.Scenario
	if err == nil {
		scenario, err = sim.ParseScenario(string(text))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scenario:", err)
		os.Exit(2)
	}
	os.Exit(play(scenario, program))
}

// play plays a scenario. It returns the exit status that a shell would show for the server: 128 more
// than the number of a signal that has ended it. If the server still runs at the end, the status is
// 0, or 1 if it doesn't stop running.
func play(scenario *sim.Scenario, program func()) (status int) {
	w := scenario.Play(sim.Config{Trace: printEvent}, sim.Program{Main: program, Args: os.Args, Env: os.Environ()})
	defer w.Close()
	end := timeAfter
	if n := len(scenario.Actions); n > 0 {
		end += scenario.Actions[n-1].At
	}
	waits := w.Run(end, mostSteps)
	for _, c := range w.Clients {
		fmt.Printf("%s got %q %s\n", c.Name, c.Got, c.End)
	}
	os.Stdout.WriteString(w.Server.Out.String())
	os.Stderr.WriteString(w.Server.Err.String())
	for _, p := range w.Kernel.Panics() {
		fmt.Fprintf(os.Stderr, "process %d: panic: %v\n\n%s\n", p.Pid, p.Value, p.Stack)
	}
	if !waits {
		fmt.Fprintf(os.Stderr, "scenario: the server still runs after %d steps\n", mostSteps)
		return 1
	}
	switch how, ended := w.Server.Ended(); {
	case !ended:
		return 0
	case how.Signaled():
		return 128 + int(how.Signal())
	default:
		return how.ExitStatus()
	}
}

func printEvent(e sim.Event) { fmt.Println(e) }
