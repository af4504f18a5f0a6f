package app

import (
	"strconv"

	"threeloops/common/session"
	"threeloops/common/stat"
)

var (
	jsonFields    = []byte("Content-Type: application/json\r\nCache-Control: no-store\r\n")
	metricsFields = []byte("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" +
		"Cache-Control: no-store\r\n")
)

// stats answers with all counters as JSON: the totals, and the slots in use.
// pid is the process that answers: in forkserv another one each time.
func (a *App) stats(c *session.Conn) {
	b := append([]byte(`{"server":`), strconv.Quote(a.o.Name)...)
	b = append(b, `,"pid":`...)
	b = strconv.AppendUint(b, a.o.Board[a.o.Slot].Get(stat.Pid), 10)
	b = append(b, `,"connection":`...)
	b = strconv.AppendUint(b, c.ID(), 10)
	b = append(b, `,"totals":{`...)
	b = appendCounters(b, stat.Accepted, a.o.Board.Sum)
	b = append(b, `},"slots":[`...)
	for i := range a.o.Board {
		s := &a.o.Board[i]
		if s.Get(stat.Pid) == 0 {
			continue
		}
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		b = append(b, '{')
		b = append(appendCounters(b, stat.Pid, s.Get), '}')
	}
	b = append(b, "]}\n"...)
	c.Reply(&session.Response{Status: 200, Fields: jsonFields, Body: b})
}

// appendCounters adds the counters from first on as members of an object.
func appendCounters(b []byte, first stat.Counter, get func(stat.Counter) uint64) []byte {
	for i := first; i < stat.Counters; i++ {
		if i > first {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, i.String())
		b = append(b, ':')
		b = strconv.AppendUint(b, get(i), 10)
	}
	return b
}

// metrics answers with the totals in Prometheus' text format.
func (a *App) metrics(c *session.Conn) {
	var b []byte
	for i := stat.Accepted; i < stat.Counters; i++ {
		name := "threeloops_" + i.String() + "_total"
		b = append(b, "# TYPE "+name+" counter\n"+name+`{server="`+a.o.Name+`"} `...)
		b = strconv.AppendUint(b, a.o.Board.Sum(i), 10)
		b = append(b, '\n')
	}
	// Others go on counting meanwhile, so closed may be ahead of accepted.
	closed := a.o.Board.Sum(stat.Closed)
	open := max(a.o.Board.Sum(stat.Accepted), closed) - closed
	b = append(b, "# TYPE threeloops_connections gauge\nthreeloops_connections{server=\""+a.o.Name+"\"} "...)
	b = append(strconv.AppendUint(b, open, 10), '\n')
	c.Reply(&session.Response{Status: 200, Fields: metricsFields, Body: b})
}
