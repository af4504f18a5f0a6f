package sim

import "time"

// Condition is what threads of one process wait for, and other threads signal. The zero Condition
// is ready to use. On Linux it is a futex(2).
type Condition struct{ q waitQueue }

// Signal makes all threads that wait look at their condition again.
func (c *Condition) Signal() { c.q.wake(0) }

// Wait waits until holds returns true, or the limit has passed. It reports whether holds has
// returned true. A negative limit doesn't pass.
func (t *Thread) Wait(c *Condition, limit time.Duration, holds func() bool) bool {
	_, errno := t.call("futex", noDescriptor, func() string { return argList(raw("FUTEX_WAIT"), raw(limit.String())) }, func() (int, Errno) {
		for end := t.k.until(limit); !holds(); t.waitIn(end, &c.q) {
			if t.k.passed(end) {
				return -1, ETIMEDOUT
			}
		}
		return 0, 0
	})
	return errno == 0
}
