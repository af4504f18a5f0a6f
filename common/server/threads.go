package server

import (
	"os"
	"sync"

	"threeloops/common/sys"
)

// WarmUp makes the Go runtime create what it would otherwise create at its first use. At that
// moment the clients may hold every descriptor, or the machine may have no task left. Without a
// descriptor or a task that it needs, the runtime ends the process.
//
// The descriptor is the epoll instance of the runtime's own network poller, which any timer may
// need ("runtime: netpollinit failed"). The tasks are threads: see StartThreads.
func WarmUp(threads int) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	return StartThreads(threads)
}

// StartThreads makes the Go runtime create n threads, besides the caller's thread and the runtime's
// monitor. The runtime never ends a thread that has nothing to do. So it creates no further thread
// as long as n are enough. It creates a thread when a goroutine waits in a system call and another
// goroutine is ready to run. So StartThreads lets n goroutines read from one empty pipe.
//
// If the system can't create a thread, the runtime prints a report and ends the process with status
// 2. No caller can prevent that.
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
	ended.Wait() // one that still reads could read from another file with the same number
	sys.Close(pipe[0])
	return nil
}
