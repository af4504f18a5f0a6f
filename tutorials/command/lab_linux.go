package command

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// niceness is that of what is built in the background: the servers and their clients come first.
const niceness = 10

// lowPriority gives the calling goroutine, and the processes that it starts, less processor time than
// others get. Linux has a priority for each thread. So the goroutine keeps its thread, which ends with
// it: an ordinary user can't raise the priority again.
func lowPriority() {
	runtime.LockOSThread()
	unix.Setpriority(unix.PRIO_PROCESS, 0, niceness) // an error means that it is lower already
}
