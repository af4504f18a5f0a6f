// Package command has the commands of the program tutorials, the learner's way in. Without a
// command it builds the three servers and runs them side by side, each with the whole site: a
// front page that explains how they differ, the chapters, and the source with its prose beside it.
//
//	go run ./tutorials              forkserv on port 8001, pollserv on 8002, epollserv on 8003
//	go run ./tutorials -base 9001   the same on 9001, 9002, 9003
//	go run ./tutorials load         load for one of them, and how fast it was answered
//	go run ./tutorials compare      all of them in turns, beside net/http: what does a message cost?
//	go run ./tutorials verify       is what the chapters say still so?
//	go run ./tutorials help         all commands
//
// The servers run with -demo, so that their page /_/isolation can crash them. One
// that falls is started again, with a line that says so; a server that panics
// says why in one line, and where as well if GOTRACEBACK is set.
//
// Nothing it starts outlives it. The servers hold the read end of a pipe whose
// write end only this process has, so that they notice its end whatever it was.
package command
