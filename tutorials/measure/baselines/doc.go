// Command baselines has the servers that the three servers are measured against: other people's
// libraries and programs, each used as its documentation shows it, and the
// floor, C programs that parse nothing; of a process per connection in Go, too
// (floor-fork-go).
//
//	GOWORK=off go run -C tutorials/measure/baselines . list                        one line of JSON for each
//	GOWORK=off go build -C tutorials/measure/baselines -o /somewhere/baselines .   a program that runs them
//	baselines serve gws -addr 127.0.0.1:9001                                       one of them, until SIGTERM
//	baselines build DIR                                                            the C programs, compiled into DIR
//
// All of them echo WebSocket messages at /echo, or answer a page at /hello, or
// both; some serve the files below -root too. They need what the servers
// don't: a C compiler, a library, nginx. What is missing leaves its row out, and
// list says why.
//
// The module is outside the workspace, so that nobody who only wants the servers
// downloads it.
//
// # The floor
//
// What the kernel alone costs: for each readable event one receive, and one send
// of a reply made beforehand. The programs answer a handshake or learn how long
// a request is; from then on they count bytes. So they have to be told how long
// a message is (-size), clients have to send nothing else and each in one frame,
// and the payload that comes back has the right length and is always the same:
// binary, of the letter x. In list such a baseline is "canned". Only a Close frame is looked for, and
// answered. Start with c/conn.c.
package main
