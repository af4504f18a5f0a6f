package ws

import (
	"crypto/sha1"
	"encoding/base64"
)

// guid is the constant of RFC 6455 1.3. A server that doesn't speak WebSocket is unlikely to use
// it.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// keySize is the length of a Sec-WebSocket-Key: 16 bytes in base64.
const keySize = 24

// ValidKey reports whether key is 16 bytes in base64 (RFC 6455 4.2.1). key is the value of a
// Sec-WebSocket-Key field without the whitespace around it.
func ValidKey(key []byte) bool {
	var nonce [18]byte
	if len(key) != keySize {
		return false
	}
	n, err := base64.StdEncoding.Decode(nonce[:], key)
	return err == nil && n == 16
}

// AppendAccept appends the Sec-WebSocket-Accept value for key, always 28 bytes, and returns the
// extended slice. The hash is that of key as the client sent it, in base64.
//
// RFC 6455 4.2.2: "concatenating /key/, [...] with the string
// "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", taking the SHA-1 hash of this concatenated value to
// obtain a 20-byte value and base64-encoding [...] this 20-byte hash."
func AppendAccept(dst []byte, key []byte) []byte {
	var room [keySize + len(guid)]byte
	sum := sha1.Sum(append(append(room[:0], key...), guid...))
	return base64.StdEncoding.AppendEncode(dst, sum[:])
}
