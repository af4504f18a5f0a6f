// Command mutants is a collection of servers with one planted fault each. Many are faults of real,
// published servers. The tester (go run ./tutorials test) must find each fault by its symptom.
//
//	go run ./tutorials/tester/mutants                                     all names
//	go run ./tutorials/tester/mutants echo-of-nuls -addr 127.0.0.1:9000   one of them
//
// base.go has a small server without a fault, made of parts: the protocol (line.go, http.go,
// websocket.go; room.go for a room) and the way to serve many connections (each.go: a goroutine for each; fork.go: a
// process for each; loop.go: one epoll loop for all). Each mutant is a file that replaces one part, so
// read it next to that part. The file and the mutant are named after the fault. The file's comment says
// what the published server did, and what its clients saw. If the comment begins with a chapter's number,
// the fault belongs to that chapter, and no published server is known to have it.
//
// Some observations have no mutant, because no server is at fault:
//
//   - poll(2) and epoll(7) have a cost: it is the kernel's.
//   - Level-triggered and edge-triggered epoll wake a server differently often. Two mutants get this
//     wrong: epollout-always-armed and one-read-per-edge.
//   - write(2) may take only a part of the bytes. Two mutants get this wrong: short-write-ignored
//     and partial-write-resent.
//   - A backlog of n holds n+1 clients.
//   - A process has a cost. The fault is not to wait for its end: children-never-reaped.
//   - If many processes wait for one listener, some wake up in vain: slow, but correct.
//   - SO_REUSEPORT distributes clients to processes even if a process is stopped. Then its clients wait.
package main
