package tester

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// roleVariable makes the test binary play a role instead of running its tests: a tester that will be
// killed, or the server that this tester has started.
const roleVariable = "THREELOOPS_TESTER_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "tester":
		// The shell stays between tester and server, like “go run”.
		command := fmt.Sprintf("sh -c '%s=server %s -addr {addr}; true'", roleVariable, os.Args[0])
		s, err := newServer(context.Background(), &Options{Server: command})
		fmt.Println(s.addr, err)
		select {}
	case "server":
		if _, err := net.Listen("tcp", os.Args[2]); err != nil {
			os.Exit(1)
		}
		select {}
	}
	os.Exit(m.Run())
}

// A killed tester can't end its server itself, so a guard must do it.
func TestTheServerOfAKilledTesterEnds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"=tester")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	var addr, problem string
	fmt.Sscan(line, &addr, &problem)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the server of a running tester doesn't listen; the tester printed %q: %v", line, err)
	}
	c.Close()
	cmd.Process.Kill()
	cmd.Wait()
	if !within(20*time.Second, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	}) {
		t.Errorf("20 s after the tester was killed its server still listens on %s", addr)
	}
}
