package server

import (
	"os"
	"sync"

	"threeloops/common/sys"
)

// WarmUp makes the Go runtime create what it would otherwise create when it first
// needs it. By then the clients may hold every descriptor, or the machine may have no
// task left, and the runtime ends a process that lacks either.
//
// One descriptor is the epoll instance of the runtime's own network poller, which
// any timer may need ("runtime: netpollinit failed"). The rest is threads.
func WarmUp(threads int) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	return StartThreads(threads)
}

// StartThreads makes the Go runtime create n threads beside the caller's and its own
// monitor. It keeps threads that have nothing to do and never ends them, so it
// creates no further thread while n are enough. A thread is created when a goroutine
// waits in a system call and another is ready to run: so n goroutines read from one
// empty pipe.
//
// If the system creates no thread, the runtime prints a report and ends the process
// with status 2. No caller can prevent that.
func StartThreads(n int) error {
	var pipe [2]int
	if err := sys.Pipe2(pipe[:], sys.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	var started, ended sync.WaitGroup
	started.Add(n)
	for range n {
		ended.Go(func() {
			started.Done()
			var b [1]byte
			for {
				if _, err := sys.Read(pipe[0], b[:]); err != sys.EINTR {
					return
				}
			}
		})
	}
	started.Wait()
	sys.Close(pipe[1])
	ended.Wait() // before the number of the pipe can be another file's
	sys.Close(pipe[0])
	return nil
}
