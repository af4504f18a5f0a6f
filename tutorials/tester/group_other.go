//go:build !unix

package tester

import (
	"errors"
	"os/exec"
)

// startable returns why no server can be started here: the command is a shell's, and a server ends with its
// process group.
func startable() error {
	return errors.New("this system has no /bin/sh to start a server with: start it yourself and say where it " +
		"listens, with -addr HOST:PORT, or use Linux (on Windows: WSL 2)")
}

func lead(*exec.Cmd)     {}
func pause(int)          {}
func resume(int)         {}
func terminateGroup(int) {}
func killGroup(int)      {}
