package command

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// watchGoRun calls gone when the `go run` that started this process has died. A terminal sends
// Ctrl-C to both, but a SIGTERM or SIGKILL ends `go run` alone, and the program that it runs isn't
// told.
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
		// The descriptor of a process becomes readable when the process ends.
		for fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}; ; {
			if _, err := unix.Poll(fds, -1); err != unix.EINTR {
				gone()
				return
			}
		}
	}()
	return nil
}
