package app

import (
	"slices"

	"threeloops/common/hub"
	"threeloops/common/session"
)

// rendered is a message from the hub as a WebSocket is sent it.
type rendered struct {
	seq   uint64
	size  int // of its JSON
	frame *session.Prepared
}

// frames are the entries that were rendered last, so that all members at this
// place share the same bytes: the last entry, which the hub may send to one
// after the other, and those that new members are sent. Their bytes are bounded by
// hub.WelcomeBytes.
type frames struct {
	last   *rendered
	public []*rendered
	bytes  int // of the JSON of those in public
}

// jsonOf is a message from the hub as clients read it. What comes from another
// process is encoded here.
func jsonOf(m *hub.Message) []byte {
	if m.JSON != nil {
		return m.JSON
	}
	return m.AppendJSON(nil)
}

// render frames a message from the hub.
func (a *App) render(m *hub.Message) *rendered {
	entry := m.Kind == hub.Joined || m.Kind == hub.Left || m.Kind == hub.Said
	if !entry {
		return frame(m)
	}
	return a.frames.entry(m)
}

func frame(m *hub.Message) *rendered {
	p := jsonOf(m)
	return &rendered{m.Seq, len(p), session.Prepare(true, p)}
}

// entry frames an entry, once.
func (f *frames) entry(m *hub.Message) *rendered {
	if f.last != nil && f.last.seq == m.Seq {
		return f.last
	}
	public := m.Kind == hub.Said && m.To == ""
	if public && m.Conn != 0 {
		for _, r := range f.public {
			if r.seq == m.Seq {
				return r
			}
		}
	}
	f.last = frame(m)
	if public {
		f.keepPublic(f.last)
	}
	return f.last
}

// keepPublic appends an entry to those that new members are sent, and drops the oldest.
func (f *frames) keepPublic(r *rendered) {
	f.public = append(f.public, r)
	f.bytes += r.size
	n := 0
	for ; len(f.public)-n > hub.History || f.bytes > hub.WelcomeBytes; n++ {
		f.bytes -= f.public[n].size
	}
	f.public = slices.Delete(f.public, 0, n)
}
