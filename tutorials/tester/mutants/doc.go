// Command mutants is a collection of servers with one fault each: faults that
// were found by running published servers. The tester (go run ./tutorials test)
// must find every one of them, by its symptom.
//
//	go run ./tutorials/tester/mutants                           all names
//	go run ./tutorials/tester/mutants R2 -addr 127.0.0.1:9000   one of them
//
// base.go is a small server without the fault, made of parts: what it speaks
// (line.go, http.go, websocket.go) and how it serves many (each.go: a goroutine
// per connection; fork.go: a process per connection; loop.go: one epoll loop). A
// mutant is a file that replaces one part: read it beside the part that it
// replaces. It opens with what the published server did, and what its clients
// saw. The names that begin with R number what was found in such servers; those that
// begin with C have the number of a chapter, and are faults that no server was caught in.
//
// Some of the numbers have no mutant, because no server is at fault:
//
//	R14  the cost of poll(2) and epoll(7) is the kernel's
//	R15  so is how often each of its modes wakes; what a server makes of it is R15a and R15b
//	R17  that a write takes a part only is the kernel's right; ignoring it is R17, and the error of a
//	     second write R17b
//	R18  a backlog of n holds n+1 clients: again the kernel
//	R19  what a process costs is no fault; not waiting for it is R19
//	R23  needless wake-ups of many processes on one listener: slow, and right
//	R24  SO_REUSEPORT deals clients out blindly; who pauses a process has stopped it
package main
