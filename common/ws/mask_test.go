package ws_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"threeloops/common/ws"
)

// TestMaskIsTheRFCsFormula compares with RFC 6455 5.3 as it is written: "Octet i of the transformed
// data is the XOR of octet i of the original data with octet at index i modulo 4 of the masking
// key".
func TestMaskIsTheRFCsFormula(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	key := [4]byte{0x11, 0x22, 0x44, 0x88}
	sizes := []int{4095, 4096, 4097, 5119, 5120, 5121, 10_000}
	for size := range 100 {
		sizes = append(sizes, size)
	}
	for _, size := range sizes {
		for _, pos := range []int64{0, 1, 2, 3, 4, 5, 1<<62 + 3} {
			around := make([]byte, size+2)
			for i := range around {
				around[i] = byte(rnd.Uint32())
			}
			want := bytes.Clone(around)
			for i := range size {
				want[1+i] ^= key[(pos+int64(i))%4]
			}
			ws.Mask(key, pos, around[1:1+size])
			if !bytes.Equal(want, around) {
				t.Fatalf("%d bytes at position %d:\nwant % x\ngot  % x", size, pos, want, around)
			}
		}
	}
}

func TestMaskInPiecesIsMaskOfTheWhole(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		whole := make([]byte, rnd.IntN(20_000))
		pieces := make([]byte, len(whole))
		ws.Mask(rfcKey, 0, whole)
		for at := 0; at < len(pieces); {
			n := 1 + rnd.IntN(len(pieces)-at)
			ws.Mask(rfcKey, int64(at), pieces[at:at+n])
			at += n
		}
		if !bytes.Equal(whole, pieces) {
			t.Fatalf("%d bytes in pieces:\nwant % x\ngot  % x", len(whole), whole, pieces)
		}
	}
}
