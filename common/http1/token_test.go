package http1

import (
	"bytes"
	"testing"
)

// TestIsValueChecksEveryByte tries each byte at each place of an eight-byte word and after the last
// word.
func TestIsValueChecksEveryByte(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				b := bytes.Repeat([]byte{'x'}, size)
				b[at] = byte(c)
				if got, want := isValue(b), all(b, inValue); got != want {
					t.Fatalf("byte %#x at %d of %d: isValue = %t", c, at, size, got)
				}
			}
		}
	}
	// In words of equal bytes, a carry from the neighbour must not change the result.
	for c := range 256 {
		b := bytes.Repeat([]byte{byte(c)}, 16)
		if got, want := isValue(b), all(b, inValue); got != want {
			t.Errorf("nothing but bytes %#x: isValue = %t", c, got)
		}
	}
}
