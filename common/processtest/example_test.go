package processtest_test

import (
	"testing"

	"threeloops/common/processtest"
)

// A server's own test starts its test binary as the server, and looks at it from outside.
func Example() {
	main := func() { /* the server's main */ }

	_ = func(m *testing.M) { processtest.Main(m, main) } // TestMain
	_ = func(t *testing.T) {                             // a test
		p := processtest.Launch(t, "-idle-timeout=1s")
		before := p.AwaitIdle()
		p.CheckHealthz()
		p.CheckIdle(before)
	}
}
