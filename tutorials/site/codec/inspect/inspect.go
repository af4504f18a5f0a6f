package inspect

import (
	"encoding/hex"
	"fmt"

	"threeloops/common/http1"
)

// mode is what takes the bytes.
type mode uint8

const (
	requests mode = iota // the http1.Reader
	frames               // the ws.Reader
	opaque               // only the core: older versions of WebSocket
	over                 // nothing: the connection has ended, and bytes are discarded
)

// inspector reads a stream piece by piece.
type inspector struct {
	result Result
	data   []byte
	mode   mode
	at     int // offset of the next byte

	core *core // nil: the server is the sender
	fed  int   // bytes that the core has got

	http    http1.Reader
	limits  http1.Limits
	began   int // offset of the first byte of the request
	upgrade upgrade

	socket *socket // of mode frames
}

// Inspect reads the bytes of r.
func Inspect(r Request) (result Result) {
	defer func() {
		if fault := recover(); fault != nil {
			result = Result{Error: fmt.Sprintf("there is a bug in this page: %v", fault)}
		}
	}()
	in, err := r.parse()
	if err != nil {
		return Result{Error: err.Error()}
	}
	i, err := begin(&r, in)
	if err != nil {
		return Result{Error: err.Error()}
	}
	i.run(in)
	if r.Form == "trace" {
		if i.result.Trace, err = judge(r.Text, in.flags); err != nil {
			return Result{Error: err.Error()}
		}
	}
	return i.result
}

// begin makes an inspector that is ready for the first byte.
func begin(r *Request, in input) (*inspector, error) {
	i := &inspector{data: in.bytes}
	i.result = Result{Bytes: hex.EncodeToString(in.bytes), Cuts: in.cuts, Frames: []Frame{}, Pieces: []Piece{}, Wrong: -1}
	if i.result.Cuts == nil {
		i.result.Cuts = []int{}
	}
	deflate := r.Deflate != "off"
	if r.Direction == "server" {
		i.mode, i.socket = frames, newSocket(true, deflate, r.Deflate == "takeover", 0)
		return i, nil
	}
	flags := in.flags
	if r.Form != "trace" {
		flags = []string{"-compress=" + r.Deflate}
	}
	core, err := connect(flags)
	if err != nil {
		return nil, err
	}
	i.core = core
	i.limits = http1.Limits{Head: core.cfg.MaxHead, Body: core.cfg.MaxBody}
	i.http.Reset(i.limits)
	if r.Protocol == "websocket" {
		core.handshake(deflate)
		i.mode, i.socket = frames, newSocket(false, deflate, r.Deflate == "takeover", core.cfg.MaxMessage)
	}
	i.result.Before = core.phase()
	return i, nil
}

// run reads all pieces, and does between them what the marks say.
func (i *inspector) run(in input) {
	marks := in.marks
	next := func() {
		for len(marks) > 0 && marks[0].at <= i.at {
			i.happen(marks[0])
			marks = marks[1:]
		}
	}
	if len(marks) > 0 && marks[0].at == 0 {
		i.result.Pieces = append(i.result.Pieces, Piece{Events: []Event{}})
		next()
	}
	for _, end := range append(in.cuts[:len(in.cuts):len(in.cuts)], len(in.bytes)) {
		if end > i.at {
			i.piece(end)
			next()
		}
	}
	if i.socket != nil {
		i.result.Frames = append(i.result.Frames, i.socket.cutter.frames...)
	}
}

// piece reads up to the offset end, as one read.
func (i *inspector) piece(end int) {
	i.result.Pieces = append(i.result.Pieces, Piece{From: i.at, To: end, Events: []Event{}})
	for done := false; !done; {
		switch i.mode {
		case requests:
			done = i.readRequests(end)
		case frames:
			done = i.readFrames(end)
		default:
			i.pass(end)
			done = true
		}
	}
	if i.mode == frames {
		i.result.Pieces[len(i.result.Pieces)-1].Text = i.socket.state()
	}
}

// report adds an event of a reader, which has read up to the offset to.
func (i *inspector) report(reader, kind string, to int) *Event {
	p := &i.result.Pieces[len(i.result.Pieces)-1]
	p.Events = append(p.Events, Event{Reader: reader, Kind: kind, From: i.at, To: to})
	i.at = to
	return &p.Events[len(p.Events)-1]
}

// feed passes the bytes that have been read to the core, and adds its answer to the event.
func (i *inspector) feed(e *Event) {
	if i.core == nil {
		return
	}
	i.core.write(i.data[i.fed:i.at])
	i.fed = i.at
	i.answer(e)
}

func (i *inspector) answer(e *Event) {
	e.Answer, e.Phase = i.core.answer(), i.core.phase()
	if n := i.core.unread(); n > 0 && !i.core.ended() && e.Note == "" {
		e.Note = fmt.Sprintf("The core doesn't read now: %s wait in the socket.", count(n))
	}
	if i.core.ended() {
		i.mode = over
	}
}

// pass passes the rest of a piece to the core alone.
func (i *inspector) pass(end int) {
	if end == i.at {
		return
	}
	if i.mode == over {
		if i.socket != nil { // the header of the last frame may still be incomplete
			from := max(i.at, i.socket.cutter.at)
			i.socket.cutter.add(i.data[from:max(from, end)], from)
		}
		e := i.report("session", "Discarded", end)
		e.Note = "The connection is ending. These bytes are read and discarded."
		i.feed(e)
		return
	}
	e := i.report("session", "Passed", end)
	e.Note = "These bytes belong to an older version of WebSocket, which this page doesn't take apart."
	i.feed(e)
}

// happen does what a mark says, after the last piece.
func (i *inspector) happen(m mark) {
	var e *Event
	switch m.kind {
	case passTime:
		e = i.report("session", "Time", i.at)
		e.Note = fmt.Sprintf("%v pass.", m.wait)
	case sendFin:
		e = i.report("session", "FIN", i.at)
		e.Note = "The sender's FIN arrives: no further byte follows."
	case sendReset:
		e = i.report("session", "RST", i.at)
		e.Note = "The sender resets the connection."
	}
	if i.core != nil {
		i.core.happen(m)
		i.answer(e)
	}
}

// wrong marks the byte at which a reader refuses the rest.
func (i *inspector) wrong(rule *Rule, at int) {
	rule.At = at
	if i.result.Wrong < 0 {
		i.result.Wrong = at
	}
}
