package simtest_test

import (
	"testing"

	"threeloops/common/simtest"
)

// A server's main function gets everything from the kernel on which it runs.
func Example() {
	serve := func() {} // the function main of a server's package
	target := simtest.Target{Name: "epollserv", Main: serve, Flags: []string{"-loops=3"}}
	_ = func(t *testing.T) {
		simtest.Room(t, target)
		simtest.Timeouts(t, target)
	}
}
