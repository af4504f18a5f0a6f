package conformance_test

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
)

// A server's test re-executes its own binary as the server.
func Example() {
	main := func() { /* the server's main */ }

	_ = func(m *testing.M) { processtest.Main(m, main) }                             // TestMain
	_ = func(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }     // TestConformance
	_ = func(t *testing.T) { conformance.Run(t, conformance.Exec("a", "-nodelay")) } // with flags of its own
}
