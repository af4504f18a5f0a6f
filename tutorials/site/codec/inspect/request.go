package inspect

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Request says which bytes to read, and how.
type Request struct {
	Form string `json:"form"` // how Text has the bytes: "hex", "text" or "trace"
	Text string `json:"text"`

	// Cuts are the offsets at which a new piece begins, in any order. Nil: the blocks of a trace
	// are the pieces, and other bytes are one piece.
	Cuts []int `json:"cuts"`

	Direction string `json:"direction"` // the sender: "client" or "server"
	Protocol  string `json:"protocol"`  // of the first byte: "http" or "websocket"
	Deflate   string `json:"deflate"`   // permessage-deflate: "off", "on" or "takeover"
	Fin       bool   `json:"fin"`       // the sender's FIN follows the last byte
}

const (
	Most       = 128 << 10 // the greatest number of bytes that are read
	MostPieces = 4 << 10   // the greatest number of pieces
)

// input is a Request's text, parsed.
type input struct {
	bytes []byte
	cuts  []int // the offsets at which a piece begins, without 0, sorted
	marks []mark
	flags []string // of the server
	title string   // of a trace
}

// mark is something that happens between two bytes.
type mark struct {
	at   int // after this many bytes
	kind markKind
	wait time.Duration
}

type markKind uint8

const (
	passTime markKind = iota
	sendFin
	sendReset
)

// parse parses the text, and checks the choices.
func (r *Request) parse() (in input, err error) {
	if err := r.check(); err != nil {
		return in, err
	}
	switch r.Form {
	case "hex":
		in.bytes, err = parseHex(r.Text)
	case "text":
		in.bytes, err = parseText(r.Text)
	case "trace":
		in, err = parseTrace(r.Text)
	}
	switch {
	case err != nil:
		return in, err
	case len(in.bytes) > Most:
		return in, fmt.Errorf("these are %d bytes; at most %d are read", len(in.bytes), Most)
	}
	if r.Cuts != nil {
		in.cuts = slices.Clone(r.Cuts)
	}
	if r.Fin && !slices.ContainsFunc(in.marks, func(m mark) bool { return m.kind != passTime }) {
		in.marks = append(in.marks, mark{at: len(in.bytes), kind: sendFin})
	}
	for _, m := range in.marks {
		in.cuts = append(in.cuts, m.at)
	}
	slices.Sort(in.cuts)
	in.cuts = slices.Compact(slices.DeleteFunc(in.cuts, func(at int) bool { return at <= 0 || at >= len(in.bytes) }))
	if len(in.cuts) >= MostPieces {
		return in, fmt.Errorf("these are %d pieces; at most %d are read", len(in.cuts)+1, MostPieces)
	}
	return in, nil
}

// check checks the choices, and fills in those that a trace makes by itself.
func (r *Request) check() error {
	for _, c := range []struct {
		name, value string
		known       []string
	}{
		{"form", r.Form, []string{"hex", "text", "trace"}},
		{"direction", r.Direction, []string{"client", "server"}},
		{"protocol", r.Protocol, []string{"http", "websocket"}},
		{"permessage-deflate", r.Deflate, []string{"off", "on", "takeover"}},
	} {
		if !slices.Contains(c.known, c.value) {
			return fmt.Errorf("%s is %q; want one of %q", c.name, c.value, c.known)
		}
	}
	if r.Form == "trace" { // its lines say all this
		r.Direction, r.Protocol = "client", "http"
	}
	if r.Direction == "server" && r.Protocol == "http" {
		return errors.New("only a client sends requests: choose frames, or the other direction")
	}
	return nil
}
