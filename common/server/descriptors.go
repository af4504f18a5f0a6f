package server

import "threeloops/common/sys"

// descriptorShortfall is how many of n further descriptors this process can't open now.
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

// isInherited reports whether fd is a descriptor that this process was started
// with. All that it opens itself, its runtime too, close at exec, which an inherited
// one has survived.
func isInherited(fd int) bool {
	closes, err := sys.ClosesOnExec(fd)
	return err == nil && !closes
}
