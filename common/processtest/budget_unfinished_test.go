package processtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"threeloops/common/ws"
)

// unfinishedTimeout is the -idle-timeout of the servers here: what a client has for each 64 KiB.
const unfinishedTimeout = time.Second

// limitsUnfinished has a client begin a message and send a byte of it now and then. Other kinds of
// messages are in simtest.Timeouts, where time is virtual.
func limitsUnfinished(t *testing.T) {
	p := Launch(t, fmt.Sprint("-idle-timeout=", unfinishedTimeout))
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	begin := time.Now()
	go c.trickle(firstFragment, nextFragment)
	c.SetReadDeadline(begin.Add(5 * unfinishedTimeout))
	must(t, skipPings(c, ws.PolicyViolation))
	endedInTime(t, begin)
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
