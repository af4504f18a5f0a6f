package processtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soakVariable in the environment is for how long a room with 500 members is
// kept in turmoil, such as 10m.
const soakVariable = "THREELOOPS_SOAK"

// turmoil is a room whose members come and go in every way there is, while
// some, the witnesses, stay. One goroutine leads; each client has its own.
type turmoil struct {
	*Process
	t      *testing.T
	ledger *ledger
	size   int  // members that there are at once, about
	kills  bool // children are killed, each of which takes one member along

	feeder    *member // stays, too, and has much to say to those who read nothing
	witnesses []*member
	heard     chan time.Duration // from each witness, of each round: how long after it was said
	began     atomic.Int64       // when it was said, in ns since 1970
	round     int

	spawning chan struct{} // bounds how many enter at once
	end      time.Time     // not before that it is over
	over     atomic.Bool   // it is: who leaves doesn't come again

	mu      sync.Mutex
	guests  []*member       // who may be dismissed
	mutes   map[string]bool // who reads nothing: whether it is a member already
	victims []*client       // whose child is to be killed

	dialed, refused, missed, expired, quit atomic.Int64
	farewells                              map[string]int
	dismissed, breaches, killed            int
	alone, beside                          []time.Duration // latencies without and with members who read nothing
}

// survivesTurmoil keeps a room in turmoil. What is left of it is compared with
// what was left of a shorter turmoil before.
func (target Target) survivesTurmoil(t *testing.T) {
	size, span := 200, 5*time.Second
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		span, err = time.ParseDuration(text)
		must(t, err)
		size = 500
	} else if testing.Short() {
		size, span = 50, 4*time.Second
	}
	flags := []string{"-max-message=65536", "-write-timeout=1h", "-idle-timeout=1h"} // no pings
	if target.Name == "forkserv" {
		flags = append(flags, "-max-children=1000")
	}
	p := Launch(t, flags...)
	s := &turmoil{
		Process: p, t: t, ledger: newLedger(), kills: target.Name == "forkserv",
		size: size, spawning: make(chan struct{}, 8), heard: make(chan time.Duration, 100),
		mutes: map[string]bool{}, farewells: map[string]int{},
	}
	p.Healthy()
	p.Rest()
	s.rage(min(span/3, time.Minute)) // to warm up
	descriptors, memory := p.Rest(), s.settled()
	before := p.Stats()
	s.dialed.Store(0)
	s.rage(span)
	s.report(span)
	after := p.Stats()
	if err := errors.Join(
		equal("connections accepted", after["accepted"]-before["accepted"], int(s.dialed.Load())),
		equal("refused", after["refused"], 0), equal("faults", after["faults"], 0),
		equal("violations", after["violations"], s.breaches),
	); err != nil {
		t.Error(err)
	}
	p.AtRest(descriptors)
	end := s.settled()
	t.Logf("resident memory without clients: %d KiB before, %d KiB after; %d descriptors", memory>>10, end>>10, descriptors)
	// The room's log alone may be 4 MiB, texts and their JSON, and as much garbage.
	if most := memory + 32<<20; end > most {
		t.Errorf("resident memory: got %d bytes, want at most %d", end, most)
	}
	p.Stop()
	s.checkLog()
}

// settled is the server's memory without members. Requests make it collect its
// garbage first, of which the kernel gets back what was free before.
func (s *turmoil) settled() (least int) {
	s.t.Helper()
	s.Unwatch()
	body := strings.Repeat("x", 512<<10)
	for i := range 20 {
		c, err := dial(s.Addr)
		must(s.t, err)
		for range 16 {
			_, err := c.post("/echo", body)
			must(s.t, err)
		}
		c.Close()
		time.Sleep(100 * time.Millisecond)
		if n := s.memory(); i == 0 || n < least {
			least = n
		}
	}
	return least
}

// rage fills the room, keeps it in turmoil for span, and empties it.
func (s *turmoil) rage(span time.Duration) {
	s.t.Helper()
	s.over.Store(false)
	s.ledger.forget()
	s.end = time.Now().Add(span)
	var wg, stay sync.WaitGroup
	first := s.gather(&stay)
	pollers := max(2, s.size/25)
	for i := range pollers {
		s.run(&wg, func() error { return s.visits(fmt.Sprint("poller ", i)) })
	}
	for i := range s.size - pollers - len(s.witnesses) - 1 {
		s.run(&wg, func() error { return s.guest(fmt.Sprint("guest ", i)) })
	}
	for s.ledger.present() < s.size*9/10 && !s.t.Failed() {
		time.Sleep(50 * time.Millisecond) // a client that can't enter fails by itself
	}
	began := time.Now()
	period := min(span/4, 30*time.Second)
	for time.Since(began) < span && !s.t.Failed() {
		if time.Since(began)/period%2 == 1 && s.silent() == 0 {
			s.wave(&wg)
		}
		s.turn()
	}
	s.over.Store(true)
	s.disperse(&wg, &stay, first)
}

// run runs a client.
func (s *turmoil) run(wg *sync.WaitGroup, live func() error) {
	wg.Go(func() {
		if err := live(); err != nil {
			s.t.Error(err)
		}
	})
}

// gather has those join who stay. It returns the first entry's number.
func (s *turmoil) gather(stay *sync.WaitGroup) (first int) {
	resident := func(name string, took func(e entry)) *member {
		m, err := s.enter(name)
		must(s.t, err)
		s.run(stay, func() error { return s.live(m, took) })
		return m
	}
	s.feeder = resident("feeder", func(entry) {})
	must(s.t, equal("members that the first one is told of", s.feeder.others, 0))
	s.witnesses = nil
	for i := range 10 {
		s.witnesses = append(s.witnesses, resident(fmt.Sprint("witness ", i), func(e entry) {
			if e.round > 0 {
				s.heard <- time.Since(time.Unix(0, s.began.Load()))
			}
		}))
	}
	return s.feeder.first
}

// wave has some enter who read nothing.
func (s *turmoil) wave(wg *sync.WaitGroup) {
	for i := range max(2, s.size/50) {
		name := fmt.Sprintf("mute %d.%d", s.round, i)
		s.mu.Lock()
		s.mutes[name] = false
		s.mu.Unlock()
		s.farewells[deaf.name]++
		s.run(wg, func() error { return s.mute(name) })
	}
}

// silent is how many are there who read nothing, or are about to come.
func (s *turmoil) silent() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mutes)
}

// turn has a witness say something, waits until all witnesses have heard it, and
// has some guests leave, each way in its turn. So the room is as fast as its server.
func (s *turmoil) turn() {
	const pause = 20 * time.Millisecond
	s.t.Helper()
	start := time.Now()
	s.speak()
	for range 2 + s.size/200 {
		if m := s.someone(); m != nil {
			how := &farewells[s.dismissed%len(farewells)]
			s.dismissed++
			if s.kills && rand.IntN(3) == 0 {
				how = killed
			}
			s.dismiss(m, how)
		}
	}
	s.kill()
	s.whisper()
	time.Sleep(max(pause, time.Since(start)))
}

// speak says something to all, now and then something large.
func (s *turmoil) speak() {
	const large, often = 16_000, 10
	s.t.Helper()
	s.round++
	padding := 0
	if s.round%often == 0 {
		padding = large
	}
	latencies := &s.alone
	if s.silent() > 0 {
		latencies = &s.beside
	}
	s.began.Store(time.Now().UnixNano())
	must(s.t, s.witnesses[rand.IntN(len(s.witnesses))].says(s.round, padding))
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for i := range s.witnesses {
		select {
		case d := <-s.heard:
			*latencies = append(*latencies, d)
		case <-late.C:
			s.t.Fatalf("%d of %d witnesses have heard message %d after a minute", i, len(s.witnesses), s.round)
		}
	}
}

// whisper says something to one, and much to those who don't read it.
func (s *turmoil) whisper() {
	s.mu.Lock()
	few, much := []string{"nobody"}, []string(nil)
	if len(s.guests) > 0 {
		few = append(few, s.guests[0].name)
	}
	for name, there := range s.mutes {
		if there {
			much = append(much, name, name, name)
		}
	}
	s.mu.Unlock()
	for _, name := range few {
		must(s.t, s.feeder.tells(name, 0))
	}
	for _, name := range much {
		must(s.t, s.feeder.tells(name, 20_000))
	}
}

// doom asks for a client's child to be killed.
func (s *turmoil) doom(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.victims = append(s.victims, c)
}

// kill kills the children of those who are doomed.
func (s *turmoil) kill() {
	s.t.Helper()
	s.mu.Lock()
	victims := s.victims
	s.victims = nil
	s.mu.Unlock()
	if len(victims) == 0 {
		return
	}
	s.Stats() // on a connection that is open then
	pids := map[string]int{}
	for _, slot := range s.watch.scoreboard(s.t).Slots {
		if peer, ok := slot["peer"].(string); ok {
			pids[peer] = int(slot["pid"].(float64))
		}
	}
	for _, c := range victims {
		pid := pids[c.LocalAddr().String()]
		if pid == 0 { // it is not accepted yet
			s.doom(c)
			continue
		}
		must(s.t, equal("it is the parent's", pid == s.Pid, false))
		must(s.t, syscall.Kill(pid, syscall.SIGKILL))
		s.killed++
	}
}

// disperse has all leave, the witnesses last, and compares what they have heard.
func (s *turmoil) disperse(others, stay *sync.WaitGroup, first int) {
	s.t.Helper()
	gone := make(chan struct{})
	go func() {
		others.Wait()
		close(gone)
	}()
	for end := time.Now().Add(2 * time.Minute); !closed(gone); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("two minutes after all were asked to leave %d are there", s.ledger.present())
		}
		for m := s.someone(); m != nil; m = s.someone() {
			s.dismiss(m, polite)
		}
		s.kill()
		s.speak() // polls are answered then, and who doesn't read is closed
		s.whisper()
	}
	s.speak()
	must(s.t, equal("victims that could not be killed", len(s.victims), 0))
	for i, m := range append([]*member{s.feeder}, s.witnesses...) {
		eventually(s.t, func() error { return equal("members", s.ledger.present(), len(s.witnesses)+1-i) })
		s.dismiss(m, polite)
	}
	stay.Wait()
	last := s.witnesses[len(s.witnesses)-1].last
	s.checkEmpty(last)
	faults := s.ledger.audit(first, last)
	for _, fault := range faults[:min(len(faults), 20)] {
		s.t.Error(fault)
	}
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// checkEmpty has somebody join after the last member, who was the only one not
// to hear that it left.
func (s *turmoil) checkEmpty(last int) {
	s.t.Helper()
	s.Settle(1)
	late, err := s.enter("newcomer")
	must(s.t, err)
	must(s.t, equal("members that a newcomer is told of", late.others, 0))
	must(s.t, equal("the number of its entry", late.first, last+2))
	must(s.t, late.leave())
}
