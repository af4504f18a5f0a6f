//go:build linux

package verify

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"threeloops/tutorials/tester/guard/guardtest"
)

// killedVariable makes the test binary start a chapter's server instead of its tests, until it is
// killed. Its value is the server's path. The server writes its own and its child's process id into
// a file beside itself.
const killedVariable = "THREELOOPS_VERIFY_KILLED"

func TestMain(m *testing.M) {
	server := os.Getenv(killedVariable)
	if server == "" {
		os.Exit(m.Run())
	}
	_, _, err := serve(context.Background(), server, 9000)
	fmt.Println(err)
	time.Sleep(time.Minute)
	os.Exit(1)
}

// A process that is killed has no time to end what it has started.
func TestAServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	server := t.TempDir() + "/server"
	said := server + ".said"
	text := "#!/bin/sh\n" + guardtest.Family(said) + "echo listening on nothing\nwait\n"
	if err := os.WriteFile(server, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	guardtest.Killed(t, killedVariable+"="+server, said)
}
