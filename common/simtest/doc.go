// Package simtest tests the three servers on a simulated kernel, where time is virtual: a test that
// waits for an hour takes a moment, and the same seed always gives the same run.
//
//	func TestRoom(t *testing.T) { simtest.Room(t, simtest.Target{Name: "epollserv", Main: main}) }
//
// Such a test must be built with the tag sim. A machine is a kernel with one server and its clients.
// The clients run in the test's own goroutine: a machine's advance lets time pass, and whenever
// something arrives for a client, the client acts. So a test is one sequence of steps, and a failure
// names the seed that repeats it, or the call that failed.
package simtest
