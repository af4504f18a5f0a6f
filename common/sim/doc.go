// Package sim is a kernel in memory. The three servers run on it unchanged: package sys calls it
// instead of Linux if a program is built with the tag sim or for GOOS=js.
//
// A run depends on nothing but its Config and on what the caller does to it. The kernel has no
// clock, no goroutine of its own, and no randomness but that of its seed. One simulated thread runs
// at a time, and another one can run only when it is in a system call.
//
//	k := sim.New(sim.Config{Seed: 1})
//	server := k.Start(sim.Program{Main: main, Args: []string{"epollserv"}})
//	k.Run(time.Second)         // until all threads wait, and a second has passed
//	c := k.NewProcess("client").Thread()  // its calls run in the caller's goroutine
//
// Each system call is a method of Thread, named as in section 2 of the manual. It does what Linux
// does, and a test compares the two. A call or an option that isn't modelled panics with its name:
// it never succeeds silently.
//
// # What is not modelled
//
// The network is the loopback interface: it has no delay, loses nothing and keeps the order of
// segments. The kernel's memory isn't counted: buffers hold bytes, and not the structures around
// them. Disks have no delay. There is one user, root, and one network namespace. A signal ends a
// process, or wakes a thread that waits for it in SignalWait; no handler runs. System calls return
// EINTR if a fault asks for it, and epoll_wait does after SIGCONT. SIGSTOP alone stops a process, and
// no process without a program. A stop doesn't cut a sendfile that waits. If a process ends that has
// a stopped child, the child's process group gets SIGHUP and SIGCONT, whatever other parents it has.
// If it ends while its child is stopped before execve, the child ends too. A write to a closed connection never raises SIGPIPE. A
// file whose last descriptor is closed stays open while a thread waits for it in a call, except in
// poll: then it closes immediately, and Linux closes it only when poll returns. If several threads wait
// in epoll_wait for one instance, an event wakes all of them, and those that find none wait again.
//
// Of unshare(2) there is CLONE_FILES. The threads of Go's runtime aren't shown, but they use the table
// of descriptors of their process: so it stays when all threads of a program have a table of their
// own. A thread's table is closed before Join returns; on Linux it may still be open for a moment.
// /proc/self/fd has the process's table even if its first thread has called unshare.
//
// How many bytes a full connection takes isn't what Linux takes: there it depends on how they were
// sent. The window is all that is free, and acknowledgements don't depend on the lengths of segments.
// MSG_MORE holds bytes back until any segment arrives, where Linux sometimes waits longer.
//
// Unix sockets come in pairs, as streams or with SOCK_SEQPACKET. A message can't carry a socket that
// the message would then keep open itself. An epoll instance can't watch another one, and a TCP socket
// can't connect to itself: these calls panic. A new process starts in its parent's directory. wait4
// waits for one child or for any, and knows no other option than WNOHANG.
//
// Files are for reading, except memory files. Only the kernel's caller makes, changes, renames or
// removes them. They have no hard links, owners, or times but that of the last modification, and
// either everybody may use a file or nobody. A named pipe can be opened with O_PATH only. Of /proc
// there are self/exe, which can't be opened for reading, and self/fd; /proc/self is a directory and
// not a link. A working directory is a path: if a directory is renamed, the processes in it don't
// go with it. Every page of a file is in the page cache until Cold is called, and the kernel never
// reads ahead on its own. A mapping is for reading and writing, and isn't longer than its memory
// file. That file keeps its size while a living process maps it. Fstat, cachestat and posix_fadvise
// know only files, and sendfile can't send to a pipe.
package sim
