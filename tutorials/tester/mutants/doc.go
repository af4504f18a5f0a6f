// Command mutants is a collection of servers with one fault each: faults that
// were found by running published servers. The tester (go run ./tutorials test)
// must find every one of them, by its symptom.
//
//	go run ./tutorials/tester/mutants                                     all names
//	go run ./tutorials/tester/mutants echo-of-nuls -addr 127.0.0.1:9000   one of them
//
// base.go is a small server without the fault, made of parts: what it speaks
// (line.go, http.go, websocket.go) and how it serves many (each.go: a goroutine
// per connection; fork.go: a process per connection; loop.go: one epoll loop). A
// mutant is a file that replaces one part: read it beside the part that it
// replaces. File and mutant have the name of the fault. The file's comment says what the
// published server did, and what its clients saw. A comment that begins with a chapter's
// number describes a fault that belongs to this chapter, and that no published server had.
//
// Some of what was found has no mutant, because no server is at fault:
//
//   - The cost of poll(2) and epoll(7) is the kernel's.
//   - So is how often each of epoll's modes wakes a server. What a server makes of that is
//     epollout-always-armed and one-read-per-edge.
//   - write(2) may take a part of the bytes only. To ignore that is short-write-ignored, and
//     to exit when a later write fails is write-error-exits.
//   - A backlog of n holds n+1 clients.
//   - What a process costs is no fault. Not to wait for it is children-never-reaped.
//   - Many processes that wait for one listener wake up needlessly: slow, and correct.
//   - SO_REUSEPORT distributes the clients without looking at the processes. Clients of a
//     paused process wait because somebody paused it.
package main
