package processtest

import (
	"os"
	"testing"
)

// serveVariable in the environment makes a test binary the server.
const serveVariable = "THREELOOPS_SERVE"

// Main is the TestMain of a server: it runs the tests, or serves, the server's
// main function, when Launch has started this binary.
func Main(m *testing.M, serve func()) {
	if os.Getenv(serveVariable) == "1" {
		serve()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program is what Launch starts, with its first flags: this test binary, and in the tests of
// this package the server that the test is about.
var program = func(testing.TB) (path string, flags []string, err error) {
	path, err = os.Executable()
	return path, nil, err
}
