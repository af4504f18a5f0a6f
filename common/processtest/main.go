package processtest

import (
	"os"
	"strconv"
	"testing"

	"threeloops/common/sys"
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
	keepInherited()
	os.Exit(m.Run())
}

// keepInherited keeps from servers the descriptors that this process was started with, by a
// shell or an editor: a test of a limit would count them.
func keepInherited() {
	entries, _ := os.ReadDir("/proc/self/fd") // the servers need no /proc, and neither do most tests
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			sys.CloseOnExec(fd)
		}
	}
}

// program is what Launch starts, with its first flags: this test binary, and in the tests of
// this package the server that the test is about.
var program = func(testing.TB) (path string, flags []string, err error) {
	path, err = os.Executable()
	return path, nil, err
}
