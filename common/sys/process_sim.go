//go:build sim || js

package sys

import (
	"strings"

	"threeloops/common/sim"
)

// WNOHANG makes Wait4 return immediately.
const WNOHANG = sim.WNOHANG

type (
	// WaitStatus tells how a process has ended, wait(2).
	WaitStatus = sim.WaitStatus
	// ProcAttr is what ForkExec gives the new process.
	ProcAttr = sim.ProcAttr
	// SysProcAttr is the part of ProcAttr that only Linux has.
	SysProcAttr = sim.SysProcAttr
)

// self is the simulated thread that is running. Every function of this package is one of its system
// calls.
func self() *sim.Thread {
	t := sim.Current()
	if t == nil {
		panic("sys: a system call outside of a simulated thread: start the program by sim.Kernel.Start")
	}
	return t
}

// Args is the command line of this process, with the program's name.
func Args() []string { return self().Args() }

// Environ is the environment of this process, as name=value.
func Environ() []string { return self().Environ() }

// Getenv is the value of a variable of the environment, or empty if there is no such variable.
func Getenv(name string) string {
	for _, v := range self().Environ() {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// Getpid is getpid(2).
func Getpid() int { return self().Getpid() }

// Exit ends the process, with all its threads.
func Exit(status int) { self().Exit(status) }

// SetMemoryLimit does nothing: all simulated processes share the memory of the real one.
func SetMemoryLimit(bytes int64) {}

// ForkExec is fork(2), or the call that Go uses instead, and execve(2) in the new process. It
// returns when execve has worked, or with the error of the call that failed.
func ForkExec(path string, args []string, attr *ProcAttr) (pid int, err error) {
	return self().ForkExec(path, args, attr)
}

// Wait4 is wait4(2). It doesn't ask for the resources that the process has used.
func Wait4(pid int, status *WaitStatus, options int) (int, error) {
	return self().Wait4(pid, status, options)
}

// Kill is kill(2).
func Kill(pid int, signal Signal) error { return self().Kill(pid, signal) }

// MaxFiles is how many descriptors this process may have open: getrlimit(2) with RLIMIT_NOFILE.
func MaxFiles() int { return self().MaxFiles() }

func getrandom(p []byte) (int, error) { return self().Getrandom(p) }
