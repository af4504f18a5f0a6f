// Package stat counts what a server does.
//
// A Slot is a row of counters with one writer: a loop, or the process that serves one connection. A
// Board is a table of slots. A reader that wants a total adds up the slots. It may do so at any
// time and from any goroutine, or from any process if the board is in shared memory. Apache calls
// such a board a scoreboard. Because a slot has a single writer, an addition needs neither a lock
// nor a locked instruction, for which the cores would compete. The writer adds and then stores the
// sum atomically, so that a reader never sees half a number.
//
// The most important figure is the number of system calls per message. Package conn counts each
// kind of call where it makes the call, and package session counts messages where it parses them.
package stat
