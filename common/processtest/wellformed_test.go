package processtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"threeloops/common/ws"
)

// kind is something that garbage has led to, and that is counted: streams none
// of which leads to it would test nothing of it.
type kind int

const (
	websocket kind = iota
	packed         // message that came compressed
	hixie
	partial
	unmodified
	unmet
	kinds
)

var kindNames = [kinds]string{
	websocket: "WebSockets", packed: "compressed messages", hixie: "WebSockets of hixie",
	partial: "replies with ranges", unmodified: "replies 304", unmet: "replies 412",
}

// wellFormed is an error unless b consists of whole responses and frames. It
// counts what is of a kind.
func wellFormed(b []byte) (seen [kinds]int, err error) {
	in := bufio.NewReader(bytes.NewReader(b))
	for {
		if _, err := in.Peek(1); err == io.EOF {
			return seen, nil
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return seen, fmt.Errorf("want responses, got %.300q: %w", b, err)
		}
		switch r.StatusCode {
		case http.StatusSwitchingProtocols:
			rest, _ := io.ReadAll(in)
			err = wholeSocket(&seen, r.Header, rest)
			return seen, err
		case http.StatusPartialContent:
			seen[partial]++
		case http.StatusNotModified:
			seen[unmodified]++
		case http.StatusPreconditionFailed:
			seen[unmet]++
		}
		if _, err = io.Copy(io.Discard, r.Body); err != nil {
			return seen, fmt.Errorf("want whole responses, got %.300q: %w", b, err)
		}
	}
}

// wholeSocket is an error unless b, after an answered handshake, is whole.
func wholeSocket(seen *[kinds]int, answer http.Header, b []byte) error {
	const md5 = 16 // bytes of hixie-76's answer after its header section
	seen[websocket]++
	old, location := answer.Get("WebSocket-Location"), answer.Get("Sec-WebSocket-Location")
	switch {
	case old != "":
		seen[hixie]++
		return wholeTexts(b, false, strings.HasSuffix(old, "?stream"))
	case location != "" && len(b) < md5:
		return fmt.Errorf("want the %d bytes after the response, got %q", md5, b)
	case location != "":
		seen[hixie]++
		return wholeTexts(b[md5:], true, strings.HasSuffix(location, "?stream"))
	}
	return wholeFrames(seen, b, answer.Get("Sec-WebSocket-Extensions") != "")
}

// wholeFrames is an error unless b is whole frames. Compressed ones must be
// able to be inflated, each message by itself.
func wholeFrames(seen *[kinds]int, b []byte, deflate bool) error {
	var frames ws.Reader
	frames.Init(ws.Client, 0)
	frames.Rsv1 = deflate
	frames.Hybi07 = true // it may be a WebSocket of version 7 or 8: 1004 is legal there
	for closed := false; ; {
		h, n, err := ws.ParseHeader(b)
		switch {
		case len(b) == 0:
			return nil
		case closed:
			return fmt.Errorf("got %d bytes after a Close frame, want none", len(b))
		case err != nil:
			return err
		case n == 0 || h.Length > int64(len(b)-n):
			return fmt.Errorf("the last frame is not whole: %.40x", b)
		}
		whole := b[:n+int(h.Length)]
		b = b[len(whole):]
		closed = h.Opcode == ws.Close
		ev, _ := frames.Next(whole)
		if ev.Kind == ws.Failed {
			return ev.Err
		}
		if ev.Rsv1 { // we send no fragments of compressed messages
			var z ws.Inflater
			_, err := z.Append(nil, nil, ev.Opcode == ws.Text, 0, ev.Payload)
			if err != nil || !ev.First || !ev.Last {
				return fmt.Errorf("want a whole compressed message, got %.300q: %v", ev.Payload, err)
			}
			seen[packed]++
		}
	}
}

// wholeTexts returns an error unless b is complete texts of hixie, perhaps followed by FF 00. Only a
// streamed message may be incomplete.
func wholeTexts(b []byte, closes, streamed bool) error {
	var frames ws.HixieReader
	frames.Init(closes, 0)
	whole := true
	for len(b) > 0 {
		ev, n := frames.Next(b)
		b = b[n:]
		switch {
		case ev.Kind == ws.Failed:
			return ev.Err
		case ev.Kind == ws.CloseFrame && len(b) > 0:
			return fmt.Errorf("got %d bytes after the closing handshake, want none", len(b))
		case ev.Kind == ws.Data:
			whole = ev.Last
		}
	}
	if !whole && !streamed {
		return errors.New("the last text is not whole")
	}
	return nil
}
