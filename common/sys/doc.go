// Package sys has the system calls of the servers, a function for each, named as in section 2
// of the manual. It is the only package of the servers that imports golang.org/x/sys/unix and
// syscall: what callers need of these (errnos, flags, structures) has its name here too.
//
// A function is the bare call unless its comment says more: it returns the errno as it is, and
// EINTR is the caller's to repeat. Poll, PollSoon and EpollWait decide what each errno of a wait
// means.
//
// Files raw.go and raw_portable.go hold what is fast: system calls without the Go scheduler's
// bookkeeping where they can't sleep. Built with the tag portable, the package uses
// golang.org/x/sys/unix for the same calls instead; a test runs both.
package sys
