//go:build !unix

package tester

import (
	"errors"
	"os/exec"
)

// startable returns an error: the tester needs a shell to run the command, and a process group to end the
// server.
func startable() error {
	return errors.New("-server needs /bin/sh, which this system doesn't have: start your server yourself and " +
		"give its address with -addr HOST:PORT, or use Linux (on Windows: WSL 2)")
}

func lead(*exec.Cmd)     {}
func pause(int)          {}
func resume(int)         {}
func terminateGroup(int) {}
func killGroup(int)      {}
