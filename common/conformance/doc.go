// Package conformance is the table that says what every server does: traces,
// one rule of an RFC each, in the language of package wiretest. Run plays all
// of them, whole, byte by byte, and cut at many places, against a target: the
// core in memory, or a server's socket. A server's bytes must be those of the
// core.
//
// A server's test is
//
//	func TestMain(m *testing.M)        { conformance.Main(m, main) }
//	func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }
//
// Main makes the test binary the server when Exec has started it as one, so
// that the code under test is what the go command has compiled, with -race or
// -cover if that was asked for, and a cached result is forgotten when the
// server changes.
package conformance
