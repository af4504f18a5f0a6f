//go:build !linux

package command

// lowPriority does nothing, because the priority would be the whole process's.
func lowPriority() {}
