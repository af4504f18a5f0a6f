package processtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"threeloops/common/ws"
)

// unfinishedTimeout is the -idle-timeout of the servers here: what a client has for each 64 KiB.
const unfinishedTimeout = time.Second

// limitsUnfinished has clients that begin a message and send a byte of it now and then.
func limitsUnfinished(t *testing.T) {
	p := Launch(t, fmt.Sprint("-idle-timeout=", unfinishedTimeout))
	for _, tt := range []struct {
		title, path string
		first, more []byte
	}{
		{"fragments to the echo", "/echo", firstFragment, nextFragment},
		{"fragments to the room", "/chat", firstFragment, nextFragment},
		{"a frame to the echo", "/echo",
			ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Length: mib}), []byte("x")},
		{"a frame to the room", "/chat",
			ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Length: 20_000}), []byte("x")},
	} {
		t.Run(tt.title, func(t *testing.T) {
			t.Parallel()
			c, err := dial(p.Addr)
			must(t, err)
			defer c.Close()
			_, err = c.upgradeAt(tt.path)
			must(t, err)
			begin := time.Now()
			go c.trickle(tt.first, tt.more)
			c.SetReadDeadline(begin.Add(5 * unfinishedTimeout))
			must(t, skipPings(c, ws.PolicyViolation))
			endedInTime(t, begin)
		})
	}
	t.Run("a body", func(t *testing.T) {
		t.Parallel()
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		begin := time.Now()
		go c.trickle([]byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"), []byte("x"))
		r, err := c.answer()
		must(t, errors.Join(err, equal("status", r.status, http.StatusRequestTimeout)))
		endedInTime(t, begin)
	})
	t.Run("a slow but steady message of 256 KiB is answered", func(t *testing.T) {
		t.Parallel()
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		message := make([]byte, 256<<10)
		for piece := range slices.Chunk(frame(ws.Binary, message), 16<<10) { // twice as fast as it has to be
			_, err := c.Write(piece)
			must(t, err)
			time.Sleep(unfinishedTimeout / 8)
		}
		must(t, c.receives(ws.Binary, message))
	})
}

var (
	firstFragment = ws.AppendFrame(nil, ws.Header{Opcode: ws.Text, Masked: true}, []byte("x"))
	nextFragment  = ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, []byte("x"))
)

// trickle sends the beginning of a message, and then a byte of it twenty times a second until the
// connection ends or the test has waited long enough.
func (c *client) trickle(first, more []byte) {
	if _, err := c.Write(first); err != nil {
		return
	}
	for range 200 {
		time.Sleep(unfinishedTimeout / 20)
		if _, err := c.Write(more); err != nil {
			return
		}
	}
}

func endedInTime(t *testing.T, begin time.Time) {
	t.Helper()
	took := time.Since(begin)
	t.Logf("with -idle-timeout=%v it ends after %v", unfinishedTimeout, took)
	if took < unfinishedTimeout*9/10 || took > 3*unfinishedTimeout {
		t.Errorf("it ended after %v, want about %v", took, unfinishedTimeout)
	}
}

// skipPings reads past pings, and fails unless the next frame is a Close with code.
func skipPings(c *client, code ws.Code) error {
	for {
		switch ev, err := c.frames.Next(); {
		case err != nil:
			return fmt.Errorf("want a Close frame with %v, got %w", code, err)
		case ev.Kind == ws.PingFrame:
		default:
			return errors.Join(equal("frame", ev.Kind, ws.CloseFrame), equal("code", ev.Code, code))
		}
	}
}
