package session

// gather collects a message that comes in pieces. It is a list of chunks, each
// at most as large as all before it together or 64 KiB: whatever length a peer
// announces, no more than twice what has arrived + 64 KiB is held, and nothing
// is copied when it grows. Its zero value is empty.
type gather struct {
	chunks [][]byte
	size   int64
}

const (
	chunkMin = 512
	chunkMax = 64 << 10 // of a first chunk
)

// place returns room for the bytes that come next, of which rest are expected:
// what is free in the last chunk, or a new one.
func (g *gather) place(rest int64) []byte {
	if n := len(g.chunks); n > 0 {
		if c := g.chunks[n-1]; len(c) < cap(c) {
			return c[len(c):cap(c)]
		}
	}
	c := min(rest, max(chunkMax, g.size))
	g.chunks = append(g.chunks, make([]byte, 0, max(c, chunkMin)))
	return g.chunks[len(g.chunks)-1][:max(c, chunkMin)]
}

// add appends p, behind which rest more bytes are expected. When p was read
// straight into what place returned, it only takes note.
func (g *gather) add(p []byte, rest int64) {
	for len(p) > 0 {
		to := g.place(int64(len(p)) + rest)
		n := min(len(p), len(to))
		if &to[0] != &p[0] {
			copy(to, p[:n])
		}
		last := &g.chunks[len(g.chunks)-1]
		*last = (*last)[:len(*last)+n]
		g.size += int64(n)
		p = p[n:]
	}
}

// joined returns all of it in one slice.
func (g *gather) joined() []byte {
	switch len(g.chunks) {
	case 0:
		return nil
	case 1:
		return g.chunks[0]
	}
	all := make([]byte, 0, g.size)
	for _, c := range g.chunks {
		all = append(all, c...)
	}
	return all
}
