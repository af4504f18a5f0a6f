// Package server is what the three servers have in common around their loops: the command line, the
// log, signals, the operator's console, the line that says that the server is ready, and the exit
// status.
//
// A server is a Model: a name, a default address, and a function that runs its loop with an Env.
// Main does the rest. The exit status is
//
//	0  if the server has shut down as it was told, by a signal or by the end of its lifeline
//	1  if the server could not start, or could not go on
//	2  if the command line is wrong, or a file that it names
//
// If anything goes wrong, one line on standard error says what, and what to do about it.
package server
