package conformance_test

import (
	"testing"

	"threeloops/common/conformance"
)

// A server's test re-executes its own binary as the server.
func Example() {
	main := func() { /* the server's main */ }

	_ = func(m *testing.M) { conformance.Main(m, main) }                             // TestMain
	_ = func(t *testing.T) { conformance.Run(t, conformance.Exec("epollserv")) }     // TestConformance
	_ = func(t *testing.T) { conformance.Run(t, conformance.Exec("a", "-nodelay")) } // with flags of its own
}
