package app

import (
	"strconv"

	"threeloops/common/session"
	"threeloops/common/stat"
)

// The cost of a report, in units of session.Conn.Spend.
const (
	reportWork = 200
	slotWork   = 10
)

var metricsFields = []byte("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" +
	"Cache-Control: no-store\r\n")

// report begins a report. It counts the cost, and adds the dropped log lines, which only the loop
// may do.
func (a *App) report(c *session.Conn) {
	c.Spend(reportWork + slotWork*len(a.o.Board))
	if a.o.TakeDropped != nil {
		a.o.Board[a.o.Slot].Add(stat.LogDropped, a.o.TakeDropped())
	}
}

// perSlot are the counters that /metrics also gives for each slot. They are few, because each of
// them is a new series for every child of forkserv.
var perSlot = []stat.Counter{stat.Requests, stat.MessagesIn, stat.BytesIn, stat.BytesOut, stat.Rounds, stat.QueueMost}

// metrics responds in the text format of Prometheus.
func (a *App) metrics(c *session.Conn) {
	m := metrics{server: a.o.Name}
	a.report(c)
	for i := stat.Accepted; i < stat.Counters; i++ {
		m.family("threeloops_"+i.String(), i.Help(), i)
		m.sample(a.o.Board.Sum(i))
	}
	m.head("threeloops_connections", "connections that are open", "gauge")
	m.sample(a.o.Board.Open())
	for _, i := range perSlot {
		m.family("threeloops_slot_"+i.String(), i.Help()+", by slot", i)
		for n := range a.o.Board {
			if s := &a.o.Board[n]; s.Get(stat.Pid) != 0 {
				m.sample(s.Get(i), "slot", strconv.Itoa(n), "pid", strconv.FormatUint(s.Get(stat.Pid), 10))
			}
		}
	}
	c.Respond(&session.Response{Status: 200, Fields: metricsFields, Body: m.text})
}

// metrics builds the text of a response.
type metrics struct {
	server string
	text   []byte
	name   string // name of the current family
}

// family writes the lines HELP and TYPE. A Total is a counter, and every other kind is a gauge.
func (m *metrics) family(name, help string, c stat.Counter) {
	if c.Kind() == stat.Total {
		m.head(name+"_total", help, "counter")
	} else {
		m.head(name, help, "gauge")
	}
}

func (m *metrics) head(name, help, kind string) {
	m.name = name
	m.text = append(m.text, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"...)
}

// sample adds a line. labels are names and values in turn. The server makes them, and nothing in
// them needs a backslash.
func (m *metrics) sample(n uint64, labels ...string) {
	m.text = append(m.text, m.name+`{server="`+m.server+`"`...)
	for i := 0; i < len(labels); i += 2 {
		m.text = append(m.text, ","+labels[i]+`="`+labels[i+1]+`"`...)
	}
	m.text = append(strconv.AppendUint(append(m.text, "} "...), n, 10), '\n')
}
