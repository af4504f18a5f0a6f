package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"threeloops/common/roomtest"
	"threeloops/common/sim"
	"threeloops/common/ws"
)

// guest is a client of the room, and what it has said and heard.
type guest struct {
	*stream
	roomtest.Membership
	name    string
	said    []string // its texts to all, of whole messages, in their order
	socket  bool     // it has opened a WebSocket
	joined  bool
	closed  bool // a Close has come
	early   bool // it has come before the end of settling
	kicked  bool // the operator may have ended its connection
	settled int  // the last entry that it had heard at the end of settling
}

// roomJudge judges the room.
type roomJudge struct {
	*judgement
	record *roomtest.Record
	sizes  map[int]int              // of entries, by number
	heard  map[int]roomtest.Message // what members have heard, by number
	guests []*guest
	seats  []time.Duration // when members joined that poll
	leaves int             // how many of them have left
}

// room judges the members of the room: all must have heard the same.
func (j *judgement) room() *Failure {
	rj := &roomJudge{judgement: j, record: roomtest.New(), heard: map[int]roomtest.Message{}, sizes: map[int]int{}}
	rj.record.Unnumbered = true
	for _, st := range j.streams {
		if !st.inRoom() || st.again {
			continue
		}
		g := &guest{stream: st, kicked: j.kicked(st)}
		if f := rj.guest(g); f != nil {
			return f
		}
		rj.guests = append(rj.guests, g)
		j.noteHarm(g)
	}
	if f := j.judgeHarm(); f != nil {
		return f
	}
	for _, judge := range []func() *Failure{rj.prompt, rj.joins, rj.texts, rj.entries, rj.seating, rj.slowMembers} {
		if f := judge(); f != nil {
			return f
		}
	}
	return nil
}

// noteHarm notes a member whose connection has ended without a reason of its own.
func (j *judgement) noteHarm(g *guest) {
	switch {
	case !g.did(sim.Connects), g.kicked, j.refused(g.stream), g.aborts(), g.deaf(), g.slow(), !g.joins(), j.termAt >= 0:
	case g.socket && g.closed && (!g.early || j.mayTimeOut(g.stream) || g.sendsOwnClose()), g.End() == sim.FIN && (g.did(sim.ShutsDown) || !g.socket && g.joined):
	default:
		j.harmed = append(j.harmed, fmt.Sprintf("%s, of the room, ended by %s: %.100q", g.stream.name, g.End(), g.client.Got))
	}
}

// joins reports whether the guest has sent all that it needs to join.
func (g *guest) joins() bool { return g.name != "" || g.joined }

// End is how the connection has ended.
func (g *guest) End() string { return g.client.End }

// guest reads what a guest has sent and received.
func (rj *roomJudge) guest(g *guest) *Failure {
	if !g.finished() && !rj.scarce() {
		return failed("silence", "%v after the last line the server has not ended the connection of %s", silence, g.stream.name)
	}
	if bytes.HasPrefix(g.firstBytes(), []byte("GET /chat ")) {
		g.readSaid()
		g.Membership = roomtest.NewMembership(g.name)
		if err := rj.frames(g); err != nil {
			return failed("room", "%s: %v", g.stream.name, err)
		}
	} else if err := rj.polls(g); err != nil {
		return failed("room", "%s: %v", g.stream.name, err)
	}
	if g.joined {
		rj.record.Add(&g.Membership)
	}
	return nil
}

// readSaid reads the frames that a member has sent.
func (g *guest) readSaid() {
	_, frames, _ := bytes.Cut(g.sent(), []byte("\r\n\r\n"))
	var r ws.Reader
	r.Init(ws.Server, 0)
	var message []byte
	for {
		ev, n := r.Next(frames)
		frames = frames[n:]
		if ev.Kind != ws.Data {
			if ev.Kind == ws.PingFrame || ev.Kind == ws.PongFrame {
				continue
			}
			return
		}
		if message = append(message, ev.Payload...); !ev.Last {
			continue
		}
		var m roomtest.Message
		if json.Unmarshal(message, &m) == nil {
			if m.Type == "join" && g.name == "" {
				g.name = m.Name
			} else if m.Type == "say" && m.To == "" {
				g.said = append(g.said, m.Text)
			}
		}
		message = nil
	}
}

// frames reads the frames that a member has received.
func (rj *roomJudge) frames(g *guest) error {
	head, rest, ok := bytes.Cut(g.client.Got, []byte("\r\n\r\n"))
	if g.socket = ok && bytes.HasPrefix(head, upgraded); !g.socket {
		return nil
	}
	offset := len(head) + 4
	var r ws.Reader
	r.Init(ws.Client, 0)
	var message []byte
	for rest = bytes.Clone(rest); ; {
		ev, n := r.Next(rest)
		rest, offset = rest[n:], offset+n
		switch ev.Kind {
		case ws.NeedMore:
			return nil
		case ws.Failed:
			return ev.Err
		case ws.CloseFrame:
			g.closed, g.early = true, offset <= g.stream.settled
		case ws.Data:
			if message = append(message, ev.Payload...); !ev.Last {
				continue
			}
			if err := rj.hears(g, message); err != nil {
				return err
			}
			if offset <= g.stream.settled {
				g.settled = g.Last
			}
			message = nil
		}
	}
}

// hears takes a message that a member has received.
func (rj *roomJudge) hears(g *guest, p []byte) (err error) {
	switch {
	case roomtest.TypeOf(p) == "error":
		return nil
	case roomtest.TypeOf(p) == "operator":
		return rj.judgeNotice(p)
	case g.joined:
		_, err = g.Receive(rj.record, p)
	default:
		g.joined, err = g.ReceiveGreeting(rj.record, p)
	}
	rj.note(p)
	return err
}

// note keeps an entry.
func (rj *roomJudge) note(p []byte) {
	var m roomtest.Message
	if n := roomtest.Number(p); n > 0 && json.Unmarshal(p, &m) == nil {
		rj.heard[n], rj.sizes[n] = m, len(p)
	}
}

// inOrder reports whether all of some are in all, in the same order.
func inOrder(some, all []string) bool {
	for _, text := range all {
		if len(some) > 0 && some[0] == text {
			some = some[1:]
		}
	}
	return len(some) == 0
}

// shared reports whether several guests want a name.
func (rj *roomJudge) shared(name string) bool {
	n := 0
	for _, g := range rj.guests {
		if fold(g.name) == fold(name) {
			n++
		}
	}
	return n > 1
}

// seatedBy is how long after its request to join a member may have got its seat. If the server was full, it
// has it much later.
const seatedBy = 25 * time.Second

// seating checks that an address has no more members that poll than it may. All clients have the same
// address, and a silent member stays for a minute.
func (rj *roomJudge) seating() *Failure {
	const stays = 55*time.Second - seatedBy
	limit := rj.number(addressFlag, 0)
	if limit == 0 || rj.faulted() || rj.killed > 0 || rj.stood() {
		return nil
	}
	slices.Sort(rj.seats)
	for i := range rj.seats {
		n := 1
		for n <= i && rj.seats[i-n] > rj.seats[i]-stays {
			n++
		}
		if n-rj.leaves > limit {
			return failed("room", "%d members that poll have one address at %v, want at most %d", n-rj.leaves, rj.seats[i], limit)
		}
	}
	return nil
}

// joined reports whether the guest with a name has heard that it has joined.
func (rj *roomJudge) joined(name string) bool {
	return slices.ContainsFunc(rj.guests, func(g *guest) bool { return g.joined && g.name == name })
}

// prompt checks that at the end of settling all members had heard the same.
func (rj *roomJudge) prompt() *Failure {
	if rj.delayed {
		return nil
	}
	most := 0
	for _, g := range rj.guests {
		most = max(most, g.settled)
	}
	for _, g := range rj.guests {
		if !g.stays() || g.settled == most {
			continue
		}
		for n := g.settled + 1; n <= most; n++ {
			if m, ok := rj.heard[n]; ok && m.To == "" {
				return failed("room", "%s has not heard entry %d, a %s by %s, %v after the last line", g.stream.name, n, m.Type, m.Name, settling)
			}
		}
	}
	return nil
}

// joins checks that everybody who could join has joined.
func (rj *roomJudge) joins() *Failure {
	if rj.delayed {
		return nil
	}
	for _, g := range rj.guests {
		if g.socket && g.name != "" && !g.joined && !g.aborts() && !g.deaf() && !g.did(sim.ShutsDown) && !g.slow() && !g.sendsClose() && !rj.kicked(g.stream) && !blank(g.name) && !rj.shared(g.name) {
			return failed("room", "%s hasn't joined as %q: %.300q", g.stream.name, g.name, g.client.Got)
		}
	}
	return nil
}

// stays reports whether the guest has done nothing to leave or to hear less.
func (g *guest) stays() bool {
	return g.joined && g.socket && !g.aborts() && !g.deaf() && !g.did(sim.ShutsDown) && !g.sendsClose() && !g.kicked
}

// sendsClose reports whether the guest or its server has ended the membership with a Close.
func (g *guest) sendsClose() bool { return g.sendsOwnClose() || g.early }

func (g *guest) sendsOwnClose() bool {
	return bytes.Contains(g.sent(), []byte("\x88\x82"))
}

// texts checks that what members have said was heard in their order, and all of it if they could say
// everything.
func (rj *roomJudge) texts() *Failure {
	numbers := make([]int, 0, len(rj.heard))
	for n := range rj.heard {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	heard, present, before := map[string][]string{}, map[string]bool{}, 0
	whole := true
	for _, n := range numbers {
		m := rj.heard[n]
		if n != before+1 { // nobody has heard some entries
			clear(present)
			whole = false
		}
		before = n
		folded := fold(m.Name)
		if m.Type == "joined" && blank(m.Name) {
			return failed("room", "entry %d: somebody joins with the name %+q, which nobody can see", n, m.Name)
		}
		if m.Type == "joined" && present[folded] {
			return failed("room", "entry %d: %s joins, and is there already", n, m.Name)
		}
		present[folded] = m.Type == "joined" || present[folded] && m.Type != "left"
		if m.Type == "said" && m.To == "" {
			heard[m.Name] = append(heard[m.Name], m.Text)
		}
	}
	for _, g := range rj.guests {
		if !g.socket || !g.joined || rj.shared(g.name) {
			continue
		}
		got := heard[g.name]
		if !inOrder(got, g.said) || whole && !slices.Equal(got, g.said[:len(got)]) {
			return failed("room", "%s has said %.300q, and the room has heard %.300q", g.name, g.said, got)
		}
		if len(got) < len(g.said) && g.stays() && !rj.delayed {
			return failed("room", "%s has said %d things, and the room has heard only %d", g.name, len(g.said), len(got))
		}
	}
	return nil
}

// entries checks the order in which all was heard, if the observer has heard all from the first
// entry on and nobody was harmed.
func (rj *roomJudge) entries() *Failure {
	last := 0
	for _, g := range rj.guests {
		if g.joined && g.First == 1 {
			last = g.Last
		}
	}
	for n, m := range rj.heard {
		if m.Type == "joined" && (!rj.joined(m.Name) || rj.shared(m.Name)) {
			last = 0 // a client that has joined and left without hearing so
		}
		if _, ok := rj.heard[n-1]; !ok && n > 1 {
			last = 0 // only a client that has left could have heard it
		}
	}
	var faults []string
	// Notices of the operator have numbers too, and only members that poll hear them.
	if last > 0 && !rj.scarce() && len(rj.harmed) == 0 && len(rj.notices()) == 0 {
		faults = rj.record.Check(1, last)
	} else {
		faults = rj.record.CheckMemberships(1)
	}
	if len(faults) > 0 {
		return failed("room", "%s", strings.Join(faults[:min(len(faults), 5)], "\n"))
	}
	return nil
}
