package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
)

// Two tutorials' handshakes took the length of a SHA-1 digest by strlen. A
// digest is bytes, and one in thirteen has a NUL among its twenty: of 2,000
// handshakes 7.9 % failed, and nobody could say why.
var _ = mutant("digest-length-by-strlen", "one handshake in thirteen has a wrong accept value", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.accept = func(key string) string {
			sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
			digest, _, _ := bytes.Cut(sum[:], []byte{0}) // what strlen sees
			return base64.StdEncoding.EncodeToString(digest)
		}
		return w
	}, each)
})
