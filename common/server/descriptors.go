package server

import "threeloops/common/sys"

// descriptorShortfall is how many descriptors are missing if this process now opens n more.
func descriptorShortfall(n int) int {
	var open []int
	for range n {
		fd, err := sys.Eventfd(0, sys.EFD_CLOEXEC)
		if err != nil {
			break
		}
		open = append(open, fd)
	}
	for _, fd := range open {
		sys.Close(fd)
	}
	return n - len(open)
}

// isInherited reports whether this process was started with the descriptor fd. Descriptors that the
// process opens itself, and those of the Go runtime, close at exec. An inherited one has survived
// exec, so it doesn't.
func isInherited(fd int) bool {
	closes, err := sys.ClosesOnExec(fd)
	return err == nil && !closes
}
