//go:build linux && !sim

package sys

import (
	"os"
	"runtime/debug"
	"syscall"

	"golang.org/x/sys/unix"
)

// WNOHANG makes Wait4 return immediately.
const WNOHANG = syscall.WNOHANG

type (
	// WaitStatus tells how a process has ended, wait(2).
	WaitStatus = syscall.WaitStatus
	// ProcAttr is what ForkExec gives the new process.
	ProcAttr = syscall.ProcAttr
	// SysProcAttr is the part of ProcAttr that only Linux has.
	SysProcAttr = syscall.SysProcAttr
)

// Args is the command line of this process, with the program's name.
func Args() []string { return os.Args }

// Environ is the environment of this process, as name=value.
func Environ() []string { return os.Environ() }

// Getenv is the value of a variable of the environment, or empty if there is no such variable.
func Getenv(name string) string { return os.Getenv(name) }

// Getpid is getpid(2).
func Getpid() int { return os.Getpid() }

// Exit ends the process, with all its threads.
func Exit(status int) { os.Exit(status) }

// SetMemoryLimit sets the limit near which the garbage collector runs more often: GOMEMLIMIT of
// package runtime.
func SetMemoryLimit(bytes int64) { debug.SetMemoryLimit(bytes) }

// ForkExec is fork(2), or the call that Go uses instead, and execve(2) in the new process. It
// returns when execve has worked, or with the error of the call that failed.
func ForkExec(path string, args []string, attr *ProcAttr) (pid int, err error) {
	return syscall.ForkExec(path, args, attr)
}

// Wait4 is wait4(2). It doesn't ask for the resources that the process has used.
func Wait4(pid int, status *WaitStatus, options int) (int, error) {
	return syscall.Wait4(pid, status, options, nil)
}

// Kill is kill(2).
func Kill(pid int, signal Signal) error { return syscall.Kill(pid, signal) }

// MaxFiles is how many descriptors this process may have open: getrlimit(2) with RLIMIT_NOFILE. The
// Go runtime raises the soft limit to the hard limit at its start.
func MaxFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(limit.Cur, 1<<30))
}

func getrandom(p []byte) (int, error) { return unix.Getrandom(p, 0) }
