package ws_test

import (
	"bytes"
	"fmt"
	"testing"

	"threeloops/common/ws"
)

var benchKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// BenchmarkReaderEcho64 echoes a message of 64 bytes without sockets.
func BenchmarkReaderEcho64(b *testing.B) {
	benchEcho64(b, func(r *ws.Reader, p, out []byte) []byte {
		ev, _ := r.Next(p)
		return ws.AppendFrame(out, ws.Header{Fin: true, Opcode: ev.Opcode}, ev.Payload)
	})
}

// BenchmarkShort does the same with Short and AppendShort.
func BenchmarkShort(b *testing.B) {
	benchEcho64(b, func(r *ws.Reader, p, out []byte) []byte {
		op, payload, _ := r.Short(p)
		return ws.AppendShort(out, op, payload)
	})
}

// benchEcho64 has echo echo a frame. It is unmasked in place, so each round starts with a fresh
// copy of its 70 bytes.
func benchEcho64(b *testing.B, echo func(r *ws.Reader, p, out []byte) []byte) {
	h := ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Key: benchKey}
	wire := ws.AppendFrame(nil, h, bytes.Repeat([]byte("sixteen letters "), 4))
	p := make([]byte, len(wire))
	out := make([]byte, 0, 128)
	var r ws.Reader
	b.SetBytes(64)
	b.ReportAllocs()
	for b.Loop() {
		copy(p, wire)
		out = echo(&r, p, out[:0])
	}
	if len(out) != 66 {
		b.Fatalf("the echo has %d bytes, want 66", len(out))
	}
}

// BenchmarkReaderPieces reads one long message in pieces as large as a loop's read buffer.
func BenchmarkReaderPieces(b *testing.B) {
	const piece = 64 << 10
	head := ws.AppendHeader(nil, ws.Header{Opcode: ws.Binary, Masked: true, Key: benchKey, Length: 1 << 60})
	p := make([]byte, piece)
	var r ws.Reader
	r.Next(head)
	b.SetBytes(piece)
	b.ReportAllocs()
	for b.Loop() {
		if ev, n := r.Next(p); ev.Kind != ws.Data || n != piece {
			b.Fatalf("got %v of %d bytes, want Data of %d", ev.Kind, n, piece)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{5, 64, 1 << 10, 2 << 10, 16 << 10, 64 << 10, 1 << 20} {
		for _, odd := range []int{0, 3} {
			b.Run(fmt.Sprintf("%d+%d", size, odd), func(b *testing.B) {
				p := make([]byte, odd+size)[odd:]
				b.SetBytes(int64(size))
				for b.Loop() {
					ws.Mask(benchKey, int64(odd), p)
				}
			})
		}
	}
}

func BenchmarkUTF8(b *testing.B) {
	for _, t := range []struct{ name, text string }{
		{"ascii", "sixteen letters "}, {"mixed", "grüß dich, ja 世"}, {"han", "世界世界世界世界世界"},
	} {
		p := bytes.Repeat([]byte(t.text), 1024/len(t.text))
		b.Run(t.name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				var u ws.UTF8
				if !u.Valid(p) || !u.Complete() {
					b.Fatal("UTF8 refuses a valid text")
				}
			}
		})
	}
}
