package server

import (
	"os"

	"threeloops/common/sys"
)

// descriptorShortfall is how many descriptors are missing if this process now opens n more, because
// of RLIMIT_NOFILE. An error is another reason why it can't open them.
func descriptorShortfall(n int) (missing int, err error) {
	var open []int
	for len(open) < n && err == nil {
		var fd int
		if fd, err = sys.Eventfd(0, sys.EFD_CLOEXEC); err == nil {
			open = append(open, fd)
		}
	}
	for _, fd := range open {
		sys.Close(fd)
	}
	if err == nil || err == sys.EMFILE {
		return n - len(open), nil
	}
	return 0, os.NewSyscallError("eventfd2", err)
}

// isInherited reports whether this process was started with the descriptor fd. Descriptors that the
// process opens itself, and those of the Go runtime, close at exec. An inherited one has survived
// exec, so it doesn't.
func isInherited(fd int) bool {
	closes, err := sys.ClosesOnExec(fd)
	return err == nil && !closes
}
