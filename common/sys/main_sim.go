//go:build sim || js

package sys

import "threeloops/common/sim"

// Main runs a program on the kernel that this build has: a simulated one, which Main makes. If the
// caller is already a thread of a simulated kernel, Main only runs the program.
func Main(program func()) {
	if sim.Current() != nil {
		program()
		return
	}
	boot(program)
}
