//go:build unix

package progress

import (
	"os"
	"syscall"
)

// exclusive waits until no other process holds the file, and then holds it until the file is
// closed.
func exclusive(f *os.File) error {
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}
