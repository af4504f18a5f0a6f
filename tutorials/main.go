// The program tutorials is the course's command line. It runs the three servers side by side with
// the course as their site, and it has commands for experiments, exercises, tests of the reader's
// own servers, and measurements. Package command implements the commands.
package main

import (
	"os"

	"threeloops/tutorials/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
