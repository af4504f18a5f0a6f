// Package conformance is the table of rules that every server keeps. Each rule is a trace in the language
// of package tracetest. Run plays all traces against a target: the core in memory, or a server's socket.
// It plays each trace whole, byte by byte, and cut at places that seeds choose: many in memory and on the
// simulated kernel, and fewer over real sockets. A server must send the same bytes as the core.
//
// A server's test is
//
//	func TestMain(m *testing.M)        { processtest.Main(m, main) }
//	func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }
//
// Exec starts the test binary as the server. So the go command compiles the server together with its
// test, with -race or -cover if these are set, and forgets a cached result when the server changes.
package conformance
