// Package spacetime draws what happened between a server and the clients of a check: a space-time
// diagram with a lane for each client and for each process, in one HTML file that needs nothing else.
//
// It joins two records of the same minutes: what the tester's clients did (tester.Act), and the system
// calls of the server (package strace). Both have the time of the same clock, and both name a
// connection by the client's address, so a write of one side can be drawn with the read of the other.
//
// The diagram ends when the check is judged. Calls that wait at that moment are listed as waiting.
// What a reader isn't asking about is left out, and counted: how the program was loaded, threads that a
// runtime starts, and calls that only ask for addresses and options.
package spacetime
