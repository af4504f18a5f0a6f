//go:build unix

package tester

import (
	"os/exec"
	"syscall"
)

// startable returns why no server can be started here.
func startable() error { return nil }

// lead makes the process of cmd, which hasn't been started, the leader of a process group.
func lead(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func pause(pid int)          { syscall.Kill(pid, syscall.SIGSTOP) }
func resume(pid int)         { syscall.Kill(pid, syscall.SIGCONT) }
func terminateGroup(pid int) { syscall.Kill(-pid, syscall.SIGTERM) }
func killGroup(pid int)      { syscall.Kill(-pid, syscall.SIGKILL) }
