package conn

import (
	"time"

	"threeloops/common/session"
)

// NextTodo makes the list of connections to settle in the next iteration: first those that
// had no share of this iteration's work, and then those that had one and have more to do.
// It empties the lists, and returns them for further use.
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
	evictAt time.Time // when to end the largest holders, if memory is still short
}

// EvictDelay is how long memory may be short before the largest holders are ended.
// Meanwhile no client is accepted, and a few clients that read slowly could keep it so.
const EvictDelay = time.Second

// Enforce ends the largest holders while the connections hold more than the budget. When
// memory becomes short, and when it is no longer, the connections' Want changes, so Enforce
// schedules all of them. Nil conns are skipped.
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
			return // all that is held is for input under way
		}
		c.Evict(now)
		schedule(c)
	}
}

// largest is the connection that holds the most; nil: none holds anything.
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
