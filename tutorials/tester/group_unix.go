//go:build unix

package tester

import (
	"os/exec"
	"syscall"
)

// startable returns why the tester can't start a server on this system.
func startable() error { return nil }

// lead makes the process of cmd, when it starts, the leader of a process group.
func lead(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func pause(pid int)          { syscall.Kill(pid, syscall.SIGSTOP) }
func resume(pid int)         { syscall.Kill(pid, syscall.SIGCONT) }
func terminateGroup(pid int) { syscall.Kill(-pid, syscall.SIGTERM) }
func killGroup(pid int)      { syscall.Kill(-pid, syscall.SIGKILL) }
