//go:build !unix

package guard

// interruptible tells whether a process can be sent an interrupt.
const interruptible = false

// Guard does nothing where there are no process groups.
type Guard struct{}

// Over starts no guard.
func Over(int) *Guard { return nil }

// Dismiss has nothing to end.
func (*Guard) Dismiss() {}
