package app

import (
	"slices"

	"threeloops/common/hub"
	"threeloops/common/session"
)

// rendered is a message from the hub as a WebSocket frame.
type rendered struct {
	seq   uint64
	size  int // size of its JSON in bytes
	frame *session.Prepared
}

// frames are the last entries that were rendered. They are kept so that all members at this place
// share the same bytes. There are the last entry, which the hub may send to several members one
// after another, and the entries that new members are sent. The size of the latter is limited to
// hub.WelcomeBytes.
type frames struct {
	last   *rendered
	public []*rendered
	bytes  int // size of the JSON of public, in bytes
}

// jsonOf returns a message from the hub in the form that clients receive. A message from another
// process has no JSON, so it is encoded here.
func jsonOf(m *hub.Message) []byte {
	if m.JSON != nil {
		return m.JSON
	}
	return m.AppendJSON(nil)
}

// render returns a message from the hub as a frame. It makes the frame of an entry only once.
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

// entry returns the frame of an entry, from the kept ones if it is there.
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

// keepPublic adds an entry to the ones that new members are sent, and drops the oldest ones to make
// room.
func (f *frames) keepPublic(r *rendered) {
	f.public = append(f.public, r)
	f.bytes += r.size
	n := 0
	for ; len(f.public)-n > hub.History || f.bytes > hub.WelcomeBytes; n++ {
		f.bytes -= f.public[n].size
	}
	f.public = slices.Delete(f.public, 0, n)
}
