// Package server is what the three servers do alike around their loops: the
// command line, logging, signals, the operator's console, the line that says they
// are ready, and the exit status.
//
// A server is a Model: a name, a default address, and a function that runs its
// loop in an Env. Main does the rest:
//
//	exit status 0  shut down as asked, by a signal or the end of its lifeline
//	exit status 1  the server could not start or go on
//	exit status 2  the command line, or a file that it names, is wrong
//
// Whatever goes wrong is one line on standard error that says what, and what to
// do about it.
package server
