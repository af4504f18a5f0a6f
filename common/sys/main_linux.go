//go:build linux && !sim

package sys

// Main runs a program on the kernel that this build has: Linux.
func Main(program func()) { program() }
