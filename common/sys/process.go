package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// The signals that the servers send, handle or ignore.
const (
	SIGCHLD = syscall.SIGCHLD
	SIGHUP  = syscall.SIGHUP
	SIGINT  = syscall.SIGINT
	SIGKILL = syscall.SIGKILL
	SIGPIPE = syscall.SIGPIPE
	SIGTERM = syscall.SIGTERM
	SIGTTIN = syscall.SIGTTIN

	WNOHANG = syscall.WNOHANG
)

type (
	// Signal is the number of a signal, signal(7).
	Signal = syscall.Signal
	// WaitStatus tells how a process has ended, wait(2).
	WaitStatus = syscall.WaitStatus
	// ProcAttr is what ForkExec gives the new process.
	ProcAttr = syscall.ProcAttr
	// SysProcAttr is the part of ProcAttr that only Linux has.
	SysProcAttr = syscall.SysProcAttr
)

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
