// Package command implements the commands of the program tutorials. Without a command the program
// builds the three servers and runs them side by side. Each server has the whole site: a front page
// that explains how the servers differ, the chapters, and the source with an explanation beside it.
//
//	go run ./tutorials              forkserv on port 8001, pollserv on 8002, epollserv on 8003
//	go run ./tutorials -base 9001   the same on ports 9001, 9002, 9003
//	go run ./tutorials load         send load to one server, and print how fast it answers
//	go run ./tutorials compare      measure all of them and net/http: what does a message cost?
//	go run ./tutorials million      connect to one server as often as the machine allows: what does a connection cost?
//	go run ./tutorials trace        draw what your own server did, call by call, while a test failed
//	go run ./tutorials project      judge a server that a reader has written to a specification
//	go run ./tutorials grade        test the programs of a class, and write a table of points
//	go run ./tutorials verify       check that what the chapters say is still true
//	go run ./tutorials export       write the site for a host that only sends files
//	go run ./tutorials progress     show what you have done in the course, and what to do next
//	go run ./tutorials help         list all commands
//
// The servers run with -demo, so that their page /_/isolation can crash them. A server that crashes
// is started again, and a line says so. If a server panics, it prints the reason in one line; with
// GOTRACEBACK set it prints the stack too.
//
// While the servers run, the program builds them once more, for the browser, where the page /lab.html
// runs them. This happens at a low priority, and only after a change of their sources. If the
// environment variable THREELOOPS_LAB has the value off, it doesn't happen.
//
// No process that this program starts outlives it. Each server holds the read end of a pipe, and
// only this process holds the write end. So the servers notice when this process ends, however it
// ends.
package command
