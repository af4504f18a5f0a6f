//go:build linux

package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"threeloops/common/sim"
)

// Above 64 KiB of unread bytes the kernels take different numbers of bytes. So these tests compare
// only what both promise: a send takes something or returns EAGAIN, a full socket isn't writable,
// it becomes writable when the reader has read, and all bytes arrive in order.

// aRound has the outcomes of one round, on both kernels.
var aRound = []string{
	"full: EAGAIN",
	"send c 1: EAGAIN",
	"poll c:IN|OUT s:IN: s:IN", // not writable
	"wait e 8: nothing",
	"after all was read: EAGAIN",
	"poll c:IN|OUT s:IN: c:OUT", // writable again
	"wait e 8: c:OUT",           // one edge
	"wait e 8: nothing",
}

// filled is what happened to a connection that was filled and emptied several times.
type filled struct {
	steps []string // comparable
	sent  int
	lost  string // what is wrong with the bytes
}

// fill plays rounds of filling and emptying one connection, with sizes that the seed decides. A kernel
// may deliver what was sent, and so make room, some time after the send: rest is that time.
func fill(m machine, seed uint64, rest time.Duration) filled {
	r := rand.New(rand.NewPCG(seed, 2))
	p := &player{m: m, fds: map[string]int{}, addrs: map[string]sim.Sockaddr{}}
	defer p.close()
	var f filled
	do := func(line string) {
		steps, err := parseStep(line)
		if err != nil {
			panic(err)
		}
		for _, s := range steps {
			f.steps = append(f.steps, s.String()+": "+calls[s.call](p, &s))
		}
	}
	do("c s = tcp")
	do("e = epoll")
	do("ctl e ADD c OUT|ET")
	do("wait e 8")
	got := 0
	for range 3 {
		f.fill(p, r, rest)
		do("send c 1")
		do("poll c:IN|OUT s:IN")
		do("wait e 8")
		room := 1 + r.IntN(200_000)
		for {
			b := make([]byte, room)
			n, err := m.Read(p.fd("s"), b)
			if err != nil {
				f.steps = append(f.steps, "after all was read: "+errnoName(err))
				break
			}
			for i := range n {
				if b[i] != byte((got+i)%251) && f.lost == "" {
					f.lost = fmt.Sprintf("byte %d is %d, want %d", got+i, b[i], (got+i)%251)
				}
			}
			got += n
		}
		if got != f.sent && f.lost == "" {
			f.lost = fmt.Sprintf("%d bytes were sent, and %d arrived", f.sent, got)
		}
		do("poll c:IN|OUT s:IN")
		do("wait e 8")
		do("wait e 8")
	}
	do("shutdown c WR")
	do("recv s 1")
	return f
}

// fill sends until the socket takes nothing more, not even after a rest.
func (f *filled) fill(p *player, r *rand.Rand, rest time.Duration) {
	most := 1 << r.IntN(23)
	for rested := false; ; {
		b := make([]byte, 1+r.IntN(max(most, 4096)))
		for i := range b {
			b[i] = byte((f.sent + i) % 251)
		}
		n, err := p.m.Sendmsg(p.fd("c"), [][]byte{b}, nil, sim.MSG_NOSIGNAL)
		if err == sim.EAGAIN && !rested {
			time.Sleep(rest)
			rested = true
			continue
		}
		if err != nil {
			f.steps = append(f.steps, "full: "+errnoName(err))
			return
		}
		rested = false
		if n <= 0 || n > len(b) {
			f.lost = fmt.Sprintf("a send of %d bytes returns %d", len(b), n)
			return
		}
		f.sent += n
	}
}

// A full connection behaves the same on both kernels, but for the number of bytes that it takes.
func TestFullConnections(t *testing.T) {
	for seed := range uint64(20) {
		k := sim.New(sim.Config{})
		simulated := fill(k.NewProcess("player").Thread(), seed, 0)
		k.Close()
		// As disagree does, this asks a busy machine again, with longer rests.
		var real filled
		for rest := 5 * time.Millisecond; rest < time.Second; rest *= 8 {
			onLinux(func(l *linux) { real = fill(l, seed, rest) })
			if difference(real.steps, simulated.steps) < 0 {
				break
			}
		}
		if real.lost != "" || simulated.lost != "" {
			t.Errorf("seed %d: Linux: %q, sim: %q", seed, real.lost, simulated.lost)
		}
		if at := slices.Index(real.steps, aRound[0]); at < 0 || !slices.Equal(real.steps[at:at+len(aRound)], aRound) {
			t.Errorf("seed %d: Linux has the outcomes\n%q, want among them\n%q", seed, real.steps, aRound)
		}
		if at := difference(real.steps, simulated.steps); at >= 0 {
			t.Errorf("seed %d: the kernels differ:\nLinux: %s\nsim: %s", seed, real.steps[at], simulated.steps[at])
		}
	}
}
