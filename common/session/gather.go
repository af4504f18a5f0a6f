package session

import "threeloops/common/outq"

// gather collects a message that arrives in pieces. It is a list of chunks, which a pool has lent.
// Whatever length a peer announces, a gather holds at most twice the bytes that have arrived + 64
// KiB. It grows without copying.
type gather struct {
	pool      *outq.Pool
	chunks    [][]byte
	size      int64
	startedAt instant // when the first piece arrived
	taken     bool    // the chunks belong to the application
}

// chunkMin is the capacity of the smallest chunk, in bytes.
const chunkMin = 512

// place returns memory for the next bytes: the free end of the last chunk, or a new chunk. rest is
// how many bytes are expected. arrived of them have been read, so memory for these is justified.
func (g *gather) place(arrived, rest int64) []byte {
	if n := len(g.chunks); n > 0 {
		if c := g.chunks[n-1]; len(c) < cap(c) {
			return c[len(c):cap(c)]
		}
	}
	var c []byte
	if rest < outq.LendMin {
		c = make([]byte, 0, max(rest, chunkMin))
		g.pool.Hold(int64(cap(c)))
	} else { // all chunks are full, so the gather holds size bytes
		c = g.pool.Lend(rest, g.size+2*arrived+outq.LendMin)
	}
	g.chunks = append(g.chunks, c)
	return c[:cap(c)]
}

// add appends p. rest is how many bytes are expected after it. If p was read into the memory that
// place returned, add copies nothing.
func (g *gather) add(p []byte, rest int64) {
	for len(p) > 0 {
		to := g.place(int64(len(p)), int64(len(p))+rest)
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

// held is the number of bytes of memory that the chunks have.
func (g *gather) held() (n int64) {
	for _, c := range g.chunks {
		n += int64(cap(c))
	}
	return n
}

// joined returns the message in one slice, which may be new.
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

// join merges the chunks into one, and returns it.
func (g *gather) join() []byte {
	if len(g.chunks) > 1 {
		all := g.joined()
		for _, c := range g.chunks {
			g.pool.GiveBack(c)
		}
		g.pool.Hold(int64(cap(all)))
		g.chunks = [][]byte{all}
	}
	return g.joined()
}

// gather begins to collect a message.
func (cfg *Config) gather() *gather {
	g := cfg.spareGather
	if cfg.spareGather = nil; g == nil {
		g = &gather{pool: &cfg.pool}
	}
	g.startedAt = cfg.now
	return g
}

// releaseGather returns g and its chunks to the pool. If the application has taken the chunks, they
// belong to it, and are no longer counted.
func (cfg *Config) releaseGather(g *gather) {
	if g.taken {
		cfg.pool.Hold(-g.held())
		return
	}
	for _, c := range g.chunks {
		g.pool.GiveBack(c)
	}
	clear(g.chunks)
	g.chunks, g.size = g.chunks[:0], 0
	cfg.spareGather = g
}
