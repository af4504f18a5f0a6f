// Package conformance is the table that says what every server does: traces,
// one rule of an RFC each, in the language of package tracetest. Run plays all
// of them, whole, byte by byte, and cut at many places, against a target: the
// core in memory, or a server's socket. A server's bytes must be those of the
// core.
//
// A server's test is
//
//	func TestMain(m *testing.M)        { processtest.Main(m, main) }
//	func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }
//
// Exec starts the test binary as the server, so that the code under test is what the go
// command has compiled, with -race or -cover if that was asked for, and a cached result is
// forgotten when the server changes.
package conformance
