//go:build !unix

package guard

// interruptible reports whether this system can send a process an interrupt.
const interruptible = false

// Guard does nothing, because this system has no process groups.
type Guard struct{}

// Over starts no guard.
func Over(int) *Guard { return nil }

// Dismiss has nothing to end.
func (*Guard) Dismiss() {}
