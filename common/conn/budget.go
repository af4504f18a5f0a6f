package conn

import (
	"time"

	"threeloops/common/session"
)

// NextTodo makes the list of connections to settle in the next iteration. First are those that had
// no share of this iteration's work (skipped), so that no connection waits again and again. Then
// come those that had a share and have more to do (unfinished). NextTodo empties the other two
// lists, and returns them for further use.
func NextTodo(todo, skipped, unfinished []*Conn) (next, noSkipped, noUnfinished []*Conn) {
	clear(todo)
	next = append(append(todo[:0], skipped...), unfinished...)
	clear(skipped)
	clear(unfinished)
	return next, skipped[:0], unfinished[:0]
}

// MemoryLimiter keeps the memory that a loop's connections hold within its budget.
type MemoryLimiter struct {
	tight   bool
	evictAt time.Time // when to end the connections that hold the most, if memory is still short
}

// EvictDelay is how long memory may be short before Enforce ends the connections that hold the
// most. While memory is short, the loop accepts no client. Without this limit a few clients that
// read slowly could keep the server in that state.
const EvictDelay = time.Second

// Enforce ends the connection that holds the most, again and again, while all of them together hold
// more than the budget. When memory begins or ceases to be short, the Want of the connections
// changes, so Enforce schedules all of them. It skips nil conns.
func (m *MemoryLimiter) Enforce(now time.Time, cfg *session.Config, conns []*Conn, schedule func(*Conn)) {
	tight := cfg.Tight()
	if tight != m.tight {
		for _, c := range conns {
			if c != nil {
				schedule(c)
			}
		}
	}
	if !tight || !m.tight {
		m.evictAt = now.Add(EvictDelay)
	}
	overdue := !now.Before(m.evictAt)
	for m.tight = tight; cfg.Full() || overdue && cfg.Tight(); {
		c := largest(conns)
		if c == nil {
			return // the memory that is held doesn't belong to a connection
		}
		c.Evict(now)
		schedule(c)
	}
}

// largest is the connection that holds the most, or nil if none holds anything.
func largest(conns []*Conn) (found *Conn) {
	var most int64
	for _, c := range conns {
		if c == nil {
			continue
		}
		if n := c.Held(); n > most {
			found, most = c, n
		}
	}
	return found
}
