package tracetest

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"threeloops/common/ws"
)

// end is the peer's end of a connection, in memory or a socket.
type end interface {
	send(pieces [][]byte)
	fin()
	reset()
	stall()
	wait(d time.Duration)
	// dropped reports whether the connection is reset within d, or about patience over
	// a socket, though nothing is read.
	dropped(d time.Duration) bool
	// receive appends what has come next, at least a byte. It waits for it
	// no longer than about the given time, which in memory means nothing.
	// Its errors are io.EOF after a FIN, errReset and errNothing.
	receive(to []byte, patience time.Duration) ([]byte, error)
	close() error
}

var (
	errReset   = errors.New("the connection was reset")
	errNothing = errors.New("nothing more comes")
)

// logged is how many bytes that a trace spells out the log repeats.
const logged = 4 << 10

// How long a step waits for bytes, and what counts as silence.
const (
	patience = 30 * time.Second
	quiet    = 20 * time.Millisecond
)

// player plays one trace on one connection.
type player struct {
	end    end
	cut    Cutting
	edge   int // see Cutting.pieces
	blocks int
	got    []byte // received and not yet matched
	ended  error  // io.EOF or errReset, once all before it is received
	log    []byte // what was matched, the Date masked
	over   bool   // nothing more can come, or we don't want to know

	fields []field // of the last response
}

// play plays tr and returns the log of what was received: all bytes, but the
// value of each Date masked, and long parts that were expected exactly replaced
// by their length. An error says where in the trace what was expected and what came.
func play(tr *Trace, cut Cutting, edge int, e end) ([]byte, error) {
	p := &player{end: e, cut: cut, edge: edge}
	for _, s := range tr.steps {
		if err := s.run(p); err != nil {
			e.close()
			return p.log, fmt.Errorf("%s:%d: %w", tr.file, s.line, err)
		}
	}
	err := p.wantEnd()
	if closeErr := e.close(); err == nil {
		err = closeErr
	}
	if err != nil {
		err = fmt.Errorf("%s: at its end: %w", tr.file, err)
	}
	return p.log, err
}

func (p *player) send(block []byte) error {
	p.end.send(p.cut.pieces(p.blocks, block, p.edge))
	p.blocks++
	return nil
}

// inBraces is the name of a field of the last response, for its value.
var inBraces = regexp.MustCompile(`\{[A-Z][A-Za-z-]*\}`)

// replaceNames puts values into the places of names.
func (p *player) replaceNames(block []byte) []byte {
	return inBraces.ReplaceAllFunc(block, func(name []byte) []byte {
		for _, f := range p.fields {
			if "{"+f.name+"}" == string(name) {
				return []byte(f.value)
			}
		}
		return name
	})
}

// more waits for further bytes.
func (p *player) more(patience time.Duration) error {
	if p.ended != nil {
		return p.ended
	}
	var err error
	p.got, err = p.end.receive(p.got, patience)
	if err == io.EOF || err == errReset {
		p.ended = err
	}
	return err
}

// took moves n bytes from got to the log.
func (p *player) took(n int) {
	p.log = append(p.log, p.got[:n]...)
	p.drop(n)
}

func (p *player) drop(n int) {
	if p.got = p.got[n:]; len(p.got) == 0 {
		p.got = nil
	}
}

// want matches exactly the bytes of b. It fails at the first that differs. Of
// many bytes the log has only their number: the trace has the bytes.
func (p *player) want(b []byte) error {
	for same := 0; ; {
		n := min(len(b)-same, len(p.got))
		if !bytes.Equal(b[same:same+n], p.got[:n]) {
			return mismatch(same, b[same:], p.got)
		}
		if len(b) <= logged {
			p.log = append(p.log, p.got[:n]...)
		}
		p.drop(n)
		if same += n; same == len(b) {
			break
		}
		if err := p.more(patience); err != nil {
			return fmt.Errorf("%w\n%w", mismatch(same, b[same:], p.got), reason(err))
		}
	}
	if len(b) > logged {
		p.log = fmt.Appendf(p.log, "(%d bytes)\n", len(b))
	}
	return nil
}

func (p *player) wantFin() error {
	if err := p.wantClosed(); err != nil {
		return err
	}
	if p.ended != io.EOF {
		return fmt.Errorf("want the server's FIN: %w", p.ended)
	}
	return nil
}

// wantClosed is for a peer that talks on when it must not: the server may have closed
// the connection by then, and the kernel resets it, or it may not.
func (p *player) wantClosed() error {
	for p.ended == nil && len(p.got) == 0 {
		if err := p.more(patience); err == errNothing {
			return fmt.Errorf("want the server's FIN: %w", err)
		}
	}
	if len(p.got) > 0 {
		return fmt.Errorf("want the server's FIN, and nothing before it\ngot  %s", describe(p.got))
	}
	return nil
}

func (p *player) wantGone() error {
	for p.ended == nil {
		p.got = nil
		if err := p.more(patience); err == errNothing {
			return fmt.Errorf("want the end of the connection: %w", err)
		}
	}
	p.got, p.over = nil, true
	return nil
}

func (p *player) wantDropped(d time.Duration) error {
	if !p.end.dropped(d) {
		return errors.New("want the server to reset the connection")
	}
	p.got, p.over = nil, true
	return nil
}

func (p *player) wantSilence() error {
	if len(p.got) == 0 {
		p.more(quiet)
	}
	switch {
	case len(p.got) > 0:
		return fmt.Errorf("want silence\ngot  %s", describe(p.got))
	case p.ended != nil:
		return fmt.Errorf("want silence: %w", reason(p.ended))
	}
	return nil
}

// wantEnd checks that nothing is left after the last step. What has not come
// yet it doesn't wait for.
func (p *player) wantEnd() error {
	if p.over {
		return nil
	}
	if len(p.got) == 0 && p.ended == nil {
		p.more(0)
	}
	if len(p.got) > 0 {
		return fmt.Errorf("want nothing more\ngot  %s", describe(p.got))
	}
	return nil
}

// wantJoined matches a message in any number of frames with the one frame b.
func (p *player) wantJoined(b []byte) error {
	first, joined, err := p.message()
	if err != nil {
		return fmt.Errorf("want %s\n%w", describe(b), err)
	}
	return p.same(b, first, joined)
}

// wantInflated matches a compressed message with the one frame b, which is not.
func (p *player) wantInflated(b []byte) error {
	first, joined, err := p.message()
	if err != nil {
		return fmt.Errorf("want, compressed, %s\n%w", describe(b), err)
	}
	if first.Rsv != ws.Rsv1 {
		return fmt.Errorf("want a compressed message\ngot  %s", describe(joined))
	}
	end := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
	plain, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(joined), end)))
	if err != nil {
		return fmt.Errorf("want deflate data: %w\ngot  %s", err, describe(joined))
	}
	return p.same(b, first, plain)
}

// same matches a message with the one frame b.
func (p *player) same(b []byte, first ws.Header, payload []byte) error {
	want, n, _ := ws.ParseHeader(b)
	if first.Opcode != want.Opcode || !bytes.Equal(payload, b[n:]) {
		return mismatch(0, b[n:], payload)
	}
	p.log = append(p.log, b...)
	return nil
}

// message waits for a whole message and returns the header of its first frame
// and what the payloads are together.
func (p *player) message() (first ws.Header, joined []byte, err error) {
	for n, fin := 0, false; !fin; n++ {
		h, size, err := p.frame()
		switch {
		case err != nil:
			return first, nil, err
		case n == 0:
			first = h
		case h.Opcode != ws.Continuation || h.Rsv != 0:
			return first, nil, fmt.Errorf("want a continuation\ngot  %s with RSV %02x", h.Opcode, h.Rsv)
		}
		joined = append(joined, p.got[size-int(h.Length):size]...)
		p.got, fin = p.got[size:], h.Fin
	}
	return first, joined, nil
}

// frame waits for a whole frame and returns its header and size.
func (p *player) frame() (h ws.Header, size int, err error) {
	for {
		h, n, broken := ws.ParseHeader(p.got)
		if broken != nil {
			return h, 0, broken
		}
		if size := n + int(h.Length); n > 0 && size <= len(p.got) {
			return h, size, nil
		}
		if err := p.more(patience); err != nil {
			return h, 0, reason(err)
		}
	}
}

// mismatch says how got differs from want. Both follow n correct bytes.
func mismatch(n int, want, got []byte) error {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	from := max(0, i-16)
	at := ""
	if n+from > 0 {
		at = fmt.Sprintf(" from byte %d on", n+from)
	}
	return fmt.Errorf("want%s %s\ngot%s  %s", at, describe(want[from:]), at, describe(got[from:]))
}

func reason(err error) error {
	if err == io.EOF {
		return errors.New("then the server's FIN comes")
	}
	return err
}

// describe shows bytes: as text if they are, else in hexadecimal.
func describe(b []byte) string {
	const mostText, mostHex = 400, 64
	binary := func(r rune) bool { return r > '~' || r < ' ' && r != '\r' && r != '\n' }
	form, most := "%q", mostText
	if len(b) == 0 || strings.ContainsFunc(string(b[:min(len(b), most)]), binary) {
		form, most = "[% x]", mostHex
	}
	if len(b) > most {
		return fmt.Sprintf(form+"... (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf(form, b)
}
