package ws_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"testing"

	"threeloops/common/ws"
)

// The example is that of RFC 6455 1.3 and 4.2.2.
func TestAppendAcceptOfTheRFCsKey(t *testing.T) {
	got := ws.AppendAccept([]byte("Sec-WebSocket-Accept: "), []byte("dGhlIHNhbXBsZSBub25jZQ=="))
	if want := "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A digest is binary: one in fourteen has a zero byte. Code that treats the digest as a C string
// would give those handshakes a wrong response.
func TestAppendAcceptTakesADigestWithAZeroByte(t *testing.T) {
	zeros := 0
	for i := range uint64(1000) {
		nonce := binary.BigEndian.AppendUint64(make([]byte, 8), i)
		key := base64.StdEncoding.AppendEncode(nil, nonce)
		accept := ws.AppendAccept(nil, key)
		digest, err := base64.StdEncoding.DecodeString(string(accept))
		if err != nil || len(digest) != 20 {
			t.Fatalf("key %s: %q is not 20 bytes in base64", key, accept)
		}
		if bytes.IndexByte(digest, 0) >= 0 {
			zeros++
		}
	}
	if zeros == 0 {
		t.Error("none of a thousand digests has a zero byte, so the test proves nothing")
	}
	// Another program computed the value:
	// printf '%s' KEY+GUID | openssl dgst -sha1 -binary | base64
	got := string(ws.AppendAccept(nil, []byte("AAAAAAAAAAAAAAAAAAAAHA==")))
	if want := "E1Z2TYWmzNu4/K8AmeULQtVd/9o="; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestValidKey(t *testing.T) {
	for _, c := range []struct {
		title, key string
		want       bool
	}{
		{"the RFC's key", "dGhlIHNhbXBsZSBub25jZQ==", true},
		{"the characters + and /", "++++////++++////++++/w==", true},
		{"an empty key", "", false},
		{"15 bytes", "AAAAAAAAAAAAAAAAAAAA", false},
		{"15 bytes and four line feeds", "AAAAAAAAAAAAAAAAAAAA\n\n\n\n", false},
		{"17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA=", false},
		{"18 bytes", "AAAAAAAAAAAAAAAAAAAAAAAA", false},
		{"19 bytes", "AAAAAAAAAAAAAAAAAAAAAAAAAA==", false},
		{"no padding", "dGhlIHNhbXBsZSBub25jZQ", false},
		{"half the padding", "dGhlIHNhbXBsZSBub25jZQ=", false},
		{"padding in the middle", "dGhlIHNhbXBsZSBub2==jZQ=", false},
		{"the URL alphabet", "--------________--------", false},
		{"a space in front", " dGhlIHNhbXBsZSBub25jZQ=", false},
	} {
		if got := ws.ValidKey([]byte(c.key)); got != c.want {
			t.Errorf("%s: ValidKey(%q) is %t, want %t", c.title, c.key, got, c.want)
		}
	}
}
