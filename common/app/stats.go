package app

import (
	"strconv"

	"threeloops/common/session"
	"threeloops/common/stat"
)

var jsonFields = []byte("Content-Type: application/json\r\nCache-Control: no-store\r\n")

// stats responds with all counters as JSON: the totals, and the slots in use. pid is the process
// that responds. In forkserv that can be another one for each request.
func (a *App) stats(c *session.Conn) {
	a.report(c)
	b := append([]byte(`{"server":`), strconv.Quote(a.o.Name)...)
	b = appendMember(b, "pid", a.o.Board[a.o.Slot].Get(stat.Pid))
	b = appendMember(b, "connection", c.ID())
	b = appendMember(b, "connections", a.o.Board.Open())
	b = appendPerRound(b, a.o.Board.Sum)
	b = append(b, `,"totals":{`...)
	b = appendCounters(b, a.o.Board.Sum)
	b = append(b, `},"slots":[`...)
	first, peers := true, a.o.Loopback || a.lists().Hosts != nil
	for i := range a.o.Board {
		if s := &a.o.Board[i]; s.Get(stat.Pid) != 0 {
			if !first {
				b = append(b, ',')
			}
			b = appendSlot(b, i, s, peers)
			first = false
		}
	}
	b = append(b, "]}\n"...)
	c.Respond(&session.Response{Status: 200, Fields: jsonFields, Body: b})
}

// appendSlot adds a slot as an object. The object has a connection only if the slot's writer serves
// a single one. It has the address of the client only if peers is true, because not everybody who
// can reach the server may see it.
func appendSlot(b []byte, i int, s *stat.Slot, peers bool) []byte {
	b = strconv.AppendInt(append(b, `{"slot":`...), int64(i), 10)
	b = appendMember(b, "pid", s.Get(stat.Pid))
	if id := s.Get(stat.Conn); id != 0 {
		b = appendMember(b, "connection", id)
		if peers {
			b = strconv.AppendQuote(append(b, `,"peer":`...), s.Peer().String())
		}
		b = strconv.AppendQuote(append(b, `,"phase":`...), session.PhaseName(s.Get(stat.Phase)))
	}
	b = append(appendPerRound(b, s.Get), ',')
	return append(appendCounters(b, s.Get), '}')
}

func appendMember(b []byte, name string, n uint64) []byte {
	b = append(append(append(b, `,"`...), name...), `":`...)
	return strconv.AppendUint(b, n, 10)
}

// appendPerRound adds how many descriptors were ready, on average, when a wait returned.
func appendPerRound(b []byte, get func(stat.Counter) uint64) []byte {
	b = append(b, `,"ready_per_round":`...)
	return strconv.AppendFloat(b, float64(get(stat.Ready))/float64(max(get(stat.Rounds), 1)), 'f', 3, 64)
}

// appendCounters adds the counters as members of an object.
func appendCounters(b []byte, get func(stat.Counter) uint64) []byte {
	for i := stat.Accepted; i < stat.Counters; i++ {
		if i > stat.Accepted {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, i.String())
		b = append(b, ':')
		b = strconv.AppendUint(b, get(i), 10)
	}
	return b
}
