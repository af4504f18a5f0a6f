package session

import "threeloops/common/outq"

// gather collects a message that comes in pieces. It is a list of chunks, which
// its pool has lent. Whatever length a peer announces, no more than twice what has
// arrived + 64 KiB is held, and nothing is copied when it grows.
type gather struct {
	pool   *outq.Pool
	chunks [][]byte
	size   int64
	since  instant // when it began to come
	taken  bool    // the chunks are the application's
}

// chunkMin is the capacity of the smallest chunk, in bytes.
const chunkMin = 512

// place returns room for the bytes that come next, of which rest are expected
// and arrived are there: what is free in the last chunk, or a new one.
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
	} else { // all chunks so far are full: what is held is size
		c = g.pool.Lend(rest, g.size+2*arrived+outq.LendMin)
	}
	g.chunks = append(g.chunks, c)
	return c[:cap(c)]
}

// add appends p, behind which rest more bytes are expected. When p was read
// straight into what place returned, it only takes note.
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

// held is how many bytes of memory the chunks have.
func (g *gather) held() (n int64) {
	for _, c := range g.chunks {
		n += int64(cap(c))
	}
	return n
}

// joined returns all of it in one slice, which may be new.
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

// join makes one chunk of all, and returns it.
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
	g := cfg.spare
	if cfg.spare = nil; g == nil {
		g = &gather{pool: &cfg.pool}
	}
	g.since = cfg.now
	return g
}

// done takes back g and the chunks that nobody has taken. Those that the
// application has taken are counted no longer.
func (cfg *Config) done(g *gather) {
	if g.taken {
		cfg.pool.Hold(-g.held())
		return
	}
	for _, c := range g.chunks {
		g.pool.GiveBack(c)
	}
	clear(g.chunks)
	g.chunks, g.size = g.chunks[:0], 0
	cfg.spare = g
}
