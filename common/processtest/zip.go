package processtest

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
)

// zip compresses as a client of another kind would: with Go's own package alone.
type zip struct {
	fresh bool // each message is compressed on its own
	out   bytes.Buffer
	w     *flate.Writer
	r     io.ReadCloser
}

// newZip checks that an offer was accepted and what was asked for, granted.
func newZip(offer, agreed string) (*zip, error) {
	has := func(param string) bool { return strings.Contains(agreed, "; "+param) }
	if !strings.HasPrefix(agreed, "permessage-deflate") || strings.Contains(agreed, ",") {
		return nil, fmt.Errorf("want one extension, permessage-deflate, got %q", agreed)
	}
	first, _, _ := strings.Cut(offer, ",")
	for _, param := range strings.Split(first, "; ")[1:] {
		if strings.HasPrefix(param, "server_") && !has(param) {
			return nil, fmt.Errorf("want %s granted, got %q", param, agreed)
		}
	}
	if !has("server_no_context_takeover") {
		return nil, fmt.Errorf("want no window kept for the server's messages, got %q", agreed)
	}
	z := &zip{fresh: has("client_no_context_takeover"), r: flate.NewReader(nil)}
	z.w, _ = flate.NewWriter(&z.out, flate.DefaultCompression) // it knows this level
	return z, nil
}

// RFC 7692 7.2.1: the last four bytes of the flush are left out. They are valid
// until the next call.
func (z *zip) deflate(p []byte) []byte {
	z.out.Reset()
	if z.fresh {
		z.w.Reset(&z.out)
	}
	z.w.Write(p)
	z.w.Flush()
	return bytes.TrimSuffix(z.out.Bytes(), []byte("\x00\x00\xff\xff"))
}

// inflate has no window but the message's own.
func (z *zip) inflate(p []byte) ([]byte, error) {
	whole := io.MultiReader(bytes.NewReader(p), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))
	err := z.r.(flate.Resetter).Reset(whole, nil)
	got, readErr := io.ReadAll(z.r)
	return got, errors.Join(err, readErr)
}
