// Package processtest tests what only a running server can show: descriptors, memory, signals,
// files, the log, the console, and clients that do not behave. Its tests are the files
// *_test.go, a table of behaviours for each of the three servers:
//
//	go test ./common/processtest -run 'Epollserv/slow'
//
// Each test starts a server of its own, a program that TestMain builds, with the race detector
// or build tags if the tests have them.
//
// The other files are what these tests and the servers' own are made of: Launch starts a server,
// and a Process is observed from outside. A server's own tests start their test binary as the
// server, so that a test can take the place of a system call:
//
//	func TestMain(m *testing.M) { processtest.Main(m, main) }
package processtest
