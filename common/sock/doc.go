// Package sock is how the kernel is asked: the only user of system calls.
//
// It has one type for each thing that the servers' loops handle: a Listener,
// which accepts; a Conn, which is a descriptor with its Session and reads and
// writes as the Session wants; a Bell, which wakes a loop from another
// goroutine; a Root, which opens files and never leaves its directory. What
// poll and epoll differ in isn't hidden here: Poll and EpollWait are thin, and
// each loop calls its own.
//
// All descriptors are non-blocking and close-on-exec. Every call repeats itself
// on EINTR, and counts itself in a stat.Slot, so that system calls per message
// are measured where they are made.
//
// File raw.go holds what is fast: system calls without the Go scheduler's
// bookkeeping where they can't sleep. Built with the tag portable, the package
// uses golang.org/x/sys/unix for the same calls instead; a test runs both.
package sock
