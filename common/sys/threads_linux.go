//go:build linux && !sim

package sys

import (
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Now is the time, with the monotonic clock's reading.
func Now() time.Time { return time.Now() }

// Sleep lets the calling thread sleep for d.
func Sleep(d time.Duration) { time.Sleep(d) }

// Thread is a function that runs beside the one that has started it. On Linux it is a goroutine.
type Thread struct{ ended chan struct{} }

// Go starts f as a thread.
func Go(f func()) *Thread {
	t := &Thread{make(chan struct{})}
	go func() {
		defer close(t.ended)
		f()
	}()
	return t
}

// GoUnshared starts f as a thread with a descriptor table of its own, unshare(2) with CLONE_FILES. The
// table begins as a copy of the one that the other threads share. RLIMIT_NOFILE limits each table. f
// gets the error of unshare. If there is one, the thread shares the table of the others.
//
// What f opens or closes concerns only its thread, so no other thread may use these numbers. A file
// that is in the copy stays open until all tables have closed it. So a listener must not be open when
// a table is copied: its queue would live on after its loop has closed it. The runtime's poller must
// exist already (see WarmUp), because a garbage collection or a timer calls it on any thread.
func GoUnshared(f func(err error)) *Thread {
	t := &Thread{make(chan struct{})}
	go func() {
		defer close(t.ended)
		// The goroutine never unlocks its thread. So the Go runtime lets no other goroutine run there,
		// starts no thread from there, and ends the thread, and with it the table, after f.
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread keeps the shared table, which is the one in /proc/PID/fd. While this
			// goroutine holds the first thread, f gets another one.
			GoUnshared(f).Join(Forever)
			runtime.UnlockOSThread()
			return
		}
		f(os.NewSyscallError("unshare", unix.Unshare(unix.CLONE_FILES)))
	}()
	return t
}

// Join waits until the thread's function has returned, but no longer than d, and reports whether it
// has returned. Several threads may wait for the same one.
func (t *Thread) Join(d time.Duration) (ended bool) {
	_, ended = receive(t.ended, d)
	return ended
}

// receive receives from c, or reports ok false if nothing has come when d has passed. If something
// is there already, receive never reports false. From a closed channel it receives a zero value.
func receive[T any](c <-chan T, d time.Duration) (v T, ok bool) {
	if d < 0 {
		return <-c, true
	}
	select {
	case v = <-c:
		return v, true
	default:
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case v = <-c:
		return v, true
	case <-timer.C:
		return v, false
	}
}

// Queue carries values from any number of threads to any number of others. It is the only way in
// which a thread waits for another one's result, so that a kernel can know what each thread waits
// for.
type Queue[T any] struct{ c chan T }

// NewQueue returns an empty Queue with room for that many values.
func NewQueue[T any](room int) *Queue[T] { return &Queue[T]{make(chan T, room)} }

// Put adds a value, and never blocks. If the queue is full, Put panics: the sender would otherwise
// have to wait or to drop the value, and a loop may do neither. So the room must be enough for all
// values that can be under way.
func (q *Queue[T]) Put(v T) {
	select {
	case q.c <- v:
	default:
		panic("sys: a value was put into a full Queue")
	}
}

// Get takes the oldest value. If there is none, it waits for one, but no longer than d. ok is false
// if none has come.
func (q *Queue[T]) Get(d time.Duration) (v T, ok bool) { return receive(q.c, d) }

// WarmUp makes the Go runtime create what it would otherwise create at its first use. At that
// moment the clients may hold every descriptor, or the machine may have no task left. Without a
// descriptor or a task that it needs, the runtime ends the process.
//
// The descriptor is the epoll instance of the runtime's own network poller, which any timer may
// need ("runtime: netpollinit failed"). The tasks are threads: as many as may wait in system calls
// at the same time, which the caller says, and one for each processor, on which the Go runtime
// runs goroutines. See StartThreads.
func WarmUp(waiting int) error {
	// The runtime needs an eventfd, too, and a pipe makes it create both.
	if err := checkFree(4); err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	r.Close()
	w.Close()
	return StartThreads(runtime.GOMAXPROCS(0) + waiting)
}

// checkFree returns an error if this process can't open n more descriptors.
func checkFree(n int) error {
	fd, err := Eventfd(0, EFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("eventfd2", err)
	}
	defer Close(fd)
	if n == 1 {
		return nil
	}
	return checkFree(n - 1)
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
	if err := Pipe2(pipe[:], O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	var started, ended sync.WaitGroup
	started.Add(n)
	for range n {
		ended.Go(func() {
			started.Done()
			var b [1]byte
			for {
				if _, err := Read(pipe[0], b[:]); err != EINTR {
					return
				}
			}
		})
	}
	started.Wait()
	Close(pipe[1])
	ended.Wait() // one that still reads could read from another file with the same number
	Close(pipe[0])
	return nil
}
