package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fuzzVariable in the environment is for how long to send garbage, such as 60s.
const fuzzVariable = "THREELOOPS_FUZZ"

// survivesGarbage sends changed copies of honest streams over many connections.
// Each must be answered with HTTP responses and WebSocket frames that are whole.
func survivesGarbage(t *testing.T) {
	span := 2 * time.Second
	if text := os.Getenv(fuzzVariable); text != "" {
		var err error
		span, err = time.ParseDuration(text)
		must(t, err)
	}
	p, tag, date := garbageRoot(t)
	good := honest(tag, date)
	p.CheckHealthz()
	before := p.AwaitIdle()
	var sent atomic.Int64
	var met [kinds]atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(span)
	for range 8 {
		seed := rand.Uint64()
		wg.Go(func() {
			for r := rand.New(rand.NewPCG(seed, 0)); time.Now().Before(end) && !t.Failed(); sent.Add(1) {
				garbage := good.mutate(r)
				seen, err := sendGarbage(p.Addr, garbage, r)
				if err != nil {
					t.Errorf("seed %d, after %.2000q: %v", seed, garbage, err)
				}
				for kind, n := range seen {
					met[kind].Add(int64(n))
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d streams of garbage sent in %v", sent.Load(), span)
	for kind := range met {
		n := met[kind].Load()
		t.Logf("%8d %s", n, kindNames[kind])
		if n == 0 && sent.Load() > 1000 { // each is two in a hundred, or more
			t.Errorf("want some %s, got none: the streams are no good", kindNames[kind])
		}
	}
	p.CheckHealthz()
	p.CheckIdle(before)
}

// tokens are what parsers stumble over.
var tokens = []string{"\r\n", "\x00", ":", " ", "\r\n\r\n", "\xff\xff", "0", "18446744073709551616",
	"-", ",", ";", "=", "\"", "W/", "*", "\xff\x00"}

// one returns one of the streams.
func (s streams) one(r *rand.Rand) []byte {
	kind := s[r.IntN(len(s))]
	return kind[r.IntN(len(kind))]
}

// mutate returns an honest stream, or several, with some damage.
func (s streams) mutate(r *rand.Rand) []byte {
	b := bytes.Clone(s.one(r))
	if r.IntN(4) == 0 {
		other := s.one(r)
		b = append(b[:r.IntN(len(b)+1)], other[r.IntN(len(other)):]...)
	}
	for range r.IntN(6) {
		if len(b) == 0 {
			break
		}
		i := r.IntN(len(b))
		j := min(len(b), i+1+r.IntN(20))
		switch r.IntN(6) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] ^= 1 << r.IntN(8)
		case 2:
			b = append(b[:i], b[j:]...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			token := tokens[r.IntN(len(tokens))]
			b = append(b[:i:i], append([]byte(token), b[i:]...)...)
		case 5:
			b = b[:j]
		}
	}
	return b
}

// sendGarbage sends b, in one to four pieces, then a FIN or, now and then, a
// reset. It reads all that comes, and says what is wrong with it.
func sendGarbage(addr string, b []byte, r *rand.Rand) (seen [kinds]int, err error) {
	c, err := dial(addr)
	if err != nil {
		return seen, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(testTimeout))
	for rest, n := b, 1+r.IntN(4); len(rest) > 0; n-- {
		k := len(rest)
		if n > 1 {
			k = 1 + r.IntN(len(rest))
		}
		c.Write(rest[:k]) // the server may have ended already
		rest = rest[k:]
	}
	if r.IntN(16) == 0 {
		c.reset()
		return seen, nil
	}
	c.CloseWrite()
	all, err := io.ReadAll(c.TCPConn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return seen, fmt.Errorf("want the end of the stream, got %w after %.300q", err, all)
	}
	return wellFormed(all)
}
