package command

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// watchGoRun calls gone when `go run` started this process and has died. A
// terminal sends Ctrl-C to both, but a SIGTERM or SIGKILL for `go run` ends it
// without a word to the program that it runs.
func watchGoRun(gone func()) error {
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return nil
	}
	fd, err := unix.PidfdOpen(parent, 0)
	if err != nil {
		return fmt.Errorf("watch go run: %w", err)
	}
	go func() {
		// A process's descriptor becomes readable when the process ends.
		for fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}; ; {
			if _, err := unix.Poll(fds, -1); err != unix.EINTR {
				gone()
				return
			}
		}
	}()
	return nil
}
