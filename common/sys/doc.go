// Package sys has the system calls that the servers make, one function for each, named as in
// section 2 of the manual. It is the only package of the servers that imports
// golang.org/x/sys/unix and syscall. So what callers need of these packages (errnos, flags,
// structures) has its name here too.
//
// The package also has what else connects a program with its machine: threads and what they wait
// for, the clock, signals, the arguments, the standard streams. The servers reach the machine in no
// other way. So another kernel can take Linux's place. A build tag chooses it, and not an interface,
// because a call through an interface can't be inlined. The files named _linux.go call Linux, and
// the others are the same for each kernel.
//
// A function is the bare system call unless its comment says more. It returns the errno as it is,
// and after EINTR the caller has to repeat the call. Poll, PollSoon and EpollWait are different:
// they decide what each errno of a wait means.
//
// The calls that must be fast are in raw_linux.go. They can't sleep, so they skip what the Go
// scheduler otherwise does around each system call. Built with the tag portable, the package takes
// the same calls from golang.org/x/sys/unix instead (raw_portable_linux.go); a test runs both.
package sys
