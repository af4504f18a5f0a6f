// The program tutorials is the learner's side: the servers side by side with the course as their
// site, experiments, exercises, tests of the reader's own servers, and measurements. Package
// command has its commands.
package main

import (
	"os"

	"threeloops/tutorials/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
