// Package processtest tests what only a running server can show: descriptors, memory, signals,
// files, the log, the console, and badly behaved clients. Its files *_test.go have a table of tests
// that run for each of the three servers:
//
//	go test ./common/processtest -run 'Epollserv/slow'
//
// Each test starts a server of its own. TestMain builds the servers, with the race detector and the
// build tags of the tests.
//
// The other files are tools for these tests and for the servers' own: Launch starts a server, and a
// Process observes it from outside. A server's own tests start their test binary as the server, so
// that a test can replace a system call:
//
//	func TestMain(m *testing.M) { processtest.Main(m, main) }
package processtest
