package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"threeloops/common/ws"
)

// limitsUnfinished has clients that begin a message and send a byte of it now and then.
func limitsUnfinished(t *testing.T) {
	const idle = time.Second
	p := Launch(t, fmt.Sprint("-idle-timeout=", idle))
	trickle := func(c *client, first, more []byte) {
		if _, err := c.Write(first); err != nil {
			return
		}
		for range 10 * int(idle/(50*time.Millisecond)) {
			time.Sleep(50 * time.Millisecond)
			if _, err := c.Write(more); err != nil {
				return
			}
		}
	}
	within := func(t *testing.T, begin time.Time) {
		t.Helper()
		took := time.Since(begin)
		t.Logf("with -idle-timeout=%v it ends after %v", idle, took)
		if took < idle*9/10 || took > 3*idle {
			t.Errorf("it ended after %v, want about %v", took, idle)
		}
	}
	piece := ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, []byte("x"))
	header := ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Length: mib})
	for _, path := range []string{"/echo", "/chat"} {
		for title, sent := range map[string][2][]byte{
			"fragments": {ws.AppendFrame(nil, ws.Header{Opcode: ws.Text, Masked: true}, []byte("x")), piece},
			"a frame":   {header[:len(header):len(header)], []byte("x")},
		} {
			if path == "/chat" && title == "a frame" {
				continue // a mebibyte is refused at its header there
			}
			t.Run(title+" to "+path[1:], func(t *testing.T) {
				c, err := dial(p.Addr)
				must(t, err)
				defer c.Close()
				_, err = c.upgradeAt(path)
				must(t, err)
				begin := time.Now()
				go trickle(c, sent[0], sent[1])
				c.SetReadDeadline(begin.Add(5 * idle))
				must(t, skipPings(c, ws.PolicyViolation))
				within(t, begin)
			})
		}
	}
	t.Run("a body", func(t *testing.T) {
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		begin := time.Now()
		go trickle(c, []byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"), []byte("x"))
		r, err := c.answer()
		must(t, errors.Join(err, equal("status", r.status, http.StatusRequestTimeout)))
		within(t, begin)
	})
	t.Run("a message of 256 KiB that is slow but steady", func(t *testing.T) {
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		message := make([]byte, 256<<10)
		wire := frame(ws.Binary, message)
		for len(wire) > 0 { // 64 KiB in 0.4 s, two and a half times as fast as it has to be
			n := min(len(wire), 16<<10)
			_, err := c.Write(wire[:n])
			must(t, err)
			wire = wire[n:]
			time.Sleep(idle / 10)
		}
		must(t, c.heard(ws.Binary, message))
	})
}

// skipPings is an error unless the server's Close with code comes next, pings aside.
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
