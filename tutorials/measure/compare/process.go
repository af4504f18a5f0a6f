package compare

import "time"

// MemoryOf returns the memory of a server and its children in bytes. Pages that several processes share
// count once.
func MemoryOf(pid int) float64 { return memoryOf(pid).pss }

// CPUTimeOf returns the CPU time that a server and its children have used so far.
func CPUTimeOf(pid int) time.Duration { return usageOf(pid).cpu }
