// Package stat counts what a server does.
//
// A Slot is a row of counters with one writer: a loop, or the process that
// serves one connection. A Board is a table of slots; a reader that wants a total
// adds them up, at any time and from any goroutine, or from any process when
// the board lies in shared memory (Apache calls this a scoreboard). With a
// single writer no addition needs a lock, nor a locked instruction that other
// cores would fight over: the writer alone reads, adds, and stores atomically
// so that a reader never sees half a number.
//
// The headline figure is system calls per message: Slot counts each kind of
// call where it is made, in package conn, and messages where they are parsed,
// in package session.
package stat
