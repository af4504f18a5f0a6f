package exercise

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/tester/testertest"
)

// A client that leaves before it is accepted is no reason to pause, and the loops of chapters 6 to 8
// log nothing.
func TestLoopsDoNotPauseAfterAClientThatHasLeft(t *testing.T) {
	if said, err := exec.Command("strace", "-o", "/dev/null", "true").CombinedOutput(); err != nil {
		if os.Getenv("THREELOOPS_REQUIRE") == "all" {
			t.Fatalf("strace doesn't run, and THREELOOPS_REQUIRE=all: %v\n%s", err, said)
		}
		t.Skipf("strace makes accept4 fail here, and doesn't run: %v\n%s", err, said)
	}
	for _, folder := range []string{"06-ask-who-is-ready/server", "07-price-of-asking/server", "08-reactor/server", "08-reactor/sound"} {
		t.Run(folder, func(t *testing.T) {
			program := testertest.Build(t, repository, "./"+filepath.Join(chapters, folder))
			if log := afterAbort(t, program); log != "" { // a server that pauses says why
				t.Errorf("after ECONNABORTED the server logs %q", log)
			}
		})
	}
}

// afterAbort lets the first call of accept4 fail with ECONNABORTED. It returns what the server has logged
// when a client has its answer.
func afterAbort(t *testing.T, program string) (log string) {
	t.Helper()
	errors := filepath.Join(t.TempDir(), "log")
	stderr, err := os.Create(errors)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	cmd := exec.Command("strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=accept4",
		"-e", "inject=accept4:error=ECONNABORTED:when=1", program, "-addr", "127.0.0.1:0")
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, _ := bufio.NewReader(out).ReadString('\n')
	c, err := net.Dial("tcp", strings.TrimSpace(strings.TrimPrefix(line, "listening on ")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = c.Write([]byte("x\n"))
	if err == nil {
		_, err = bufio.NewReader(c).ReadString('\n')
	}
	if err != nil {
		t.Errorf("no answer: %v", err)
	}
	said, err := os.ReadFile(errors)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}
