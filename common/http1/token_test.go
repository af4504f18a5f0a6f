package http1

import (
	"bytes"
	"testing"
)

// TestIsValueChecksEveryByte puts each byte at each place of a word, and after the last word.
func TestIsValueChecksEveryByte(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				b := bytes.Repeat([]byte{'x'}, size)
				b[at] = byte(c)
				if got, want := isValue(b), all(b, inValue); got != want {
					t.Fatalf("byte %#x at %d of %d: got %t", c, at, size, got)
				}
			}
		}
	}
	for c := range 256 { // words of one byte, so that nothing is carried into a neighbour
		b := bytes.Repeat([]byte{byte(c)}, 16)
		if got, want := isValue(b), all(b, inValue); got != want {
			t.Errorf("bytes %#x alone: got %t", c, got)
		}
	}
}
