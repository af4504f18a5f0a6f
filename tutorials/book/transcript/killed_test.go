//go:build linux

package transcript

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"threeloops/tutorials/tester/guard/guardtest"
)

// killedVariable makes the test binary run a command instead of its tests, until it is killed. Its
// value is the file into which the command writes its own and its child's process id.
const killedVariable = "THREELOOPS_TRANSCRIPT_KILLED"

func TestMain(m *testing.M) {
	said := os.Getenv(killedVariable)
	if said == "" {
		os.Exit(m.Run())
	}
	s := &Stage{Dir: os.TempDir(), Limit: time.Minute}
	_, err := s.Output(context.Background(), ".", guardtest.Family(said)+"wait")
	fmt.Println(err)
	os.Exit(1)
}

// A process that is killed has no time to end what it runs.
func TestACommandEndsWithTheProcessThatRunsIt(t *testing.T) {
	said := t.TempDir() + "/pids"
	guardtest.Killed(t, killedVariable+"="+said, said)
}
