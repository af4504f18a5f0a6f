// Command baselines contains the servers with which the three servers are compared. They are other
// people's libraries and programs, each used as its documentation shows, and the floor: C programs
// that parse nothing, and a Go program with a process per connection (floor-fork-go).
//
//	GOWORK=off go run -C tutorials/measure/baselines . list                        one line of JSON for each
//	GOWORK=off go build -C tutorials/measure/baselines -o /somewhere/baselines .   a program that runs them
//	baselines serve gws -addr 127.0.0.1:9001                                       one of them, until SIGTERM
//	baselines build DIR                                                            compile the C programs into DIR
//
// Each of them echoes WebSocket messages at /echo, or answers a page at /hello, or both. Some also
// serve the files below -root. They need what the three servers don't need: a C compiler, a
// library, nginx. If something is missing, its baseline can't run, and list says why.
//
// The module is outside of the workspace, so that users who only want the servers don't download
// it.
//
// # The floor
//
// The floor shows what the kernel alone costs: one receive for each readable event, and one send of
// a ready-made reply. Its programs answer a handshake or find out how long a request is. From then
// on they only count bytes. So -size must tell them how long a message is, and clients must send
// nothing else, and each message in one frame. The payload that comes back has the right length and
// is always the same: binary, of the letter x. In list such a baseline is "canned". The programs
// look only for a Close frame, and answer it. Start with c/conn.c.
package main
