package conn

import (
	"time"

	"threeloops/common/session"
)

// NextTodo makes the list of connections to settle in the next round: those that
// came too late for this round's work, and then those that have had a share of it.
// The lists are emptied, and returned for further use.
func NextTodo(todo, late, again []*Conn) (next, noLate, noAgain []*Conn) {
	clear(todo)
	next = append(append(todo[:0], late...), again...)
	clear(late)
	clear(again)
	return next, late[:0], again[:0]
}

// Relief keeps the memory that a loop's connections hold within its budget.
type Relief struct {
	tight bool
	until time.Time // how long memory may be short before the largest holders are ended
}

// TightPatience is how long memory may be short before the largest holders are ended.
// Meanwhile nobody is accepted, and a few clients that read slowly could keep it so.
const TightPatience = time.Second

// Relieve ends the largest holders while more is held than may be. When memory
// becomes short, and when it is no longer, the connections' Want changes, so all are
// touched. Nil ones are passed over.
func (r *Relief) Relieve(now time.Time, cfg *session.Config, conns []*Conn, touch func(*Conn)) {
	tight := cfg.Tight()
	if tight != r.tight {
		for _, c := range conns {
			if c != nil {
				touch(c)
			}
		}
	}
	if !tight || !r.tight {
		r.until = now.Add(TightPatience)
	}
	impatient := !now.Before(r.until)
	for r.tight = tight; cfg.Full() || impatient && cfg.Tight(); {
		c := largest(conns)
		if c == nil {
			return // all that is held is for input under way
		}
		c.Evict(now)
		touch(c)
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
