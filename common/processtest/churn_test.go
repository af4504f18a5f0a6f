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

	"threeloops/common/roomtest"
)

// churnVariable in the environment is how long the members of a room of 500 join
// and leave, such as 10m.
const churnVariable = "THREELOOPS_SOAK"

// churn is a room whose members join and leave in every way there is, while some, the
// observers, stay. One goroutine leads; each client has its own.
type churn struct {
	*Process
	t      *testing.T
	record *roomtest.Record
	size   int  // members at a time, about
	kills  bool // children are killed, each of which takes one member along

	flooder   *member // stays, too, and sends much to members that read nothing
	observers []*member
	latency   chan time.Duration // from each observer, of each round: how long after it was sent
	sentAt    atomic.Int64       // when a round's message was sent, in ns since 1970
	round     int

	joining chan struct{} // bounds how many join at the same time
	endsAt  time.Time     // the churn doesn't end before
	leaving atomic.Bool   // the churn has ended: members that leave don't join again

	mu     sync.Mutex
	guests []*member       // members that makeLeave may be called on
	slow   map[string]bool // members that read nothing, by name: whether they have joined
	toKill []*client       // clients whose child is to be killed

	dialed, refused, missed, expired, quit atomic.Int64
	departures                             map[string]int
	departed, violations, killed           int
	withoutSlow, withSlow                  []time.Duration // latencies without and with members that read nothing
}

// survivesChurn has members join and leave. It compares the server's descriptors and memory
// after that with those after a shorter churn before.
func (target Target) survivesChurn(t *testing.T) {
	size, span := 100, 3*time.Second // simtest.Room plays many more ways
	if text := os.Getenv(churnVariable); text != "" {
		var err error
		span, err = time.ParseDuration(text)
		must(t, err)
		size = 500
	} else if testing.Short() {
		size = 50
	}
	flags := []string{"-max-message=65536", "-write-timeout=1h", "-idle-timeout=1h"} // no pings
	if target.Name == "forkserv" {
		flags = append(flags, "-max-children=1000")
	}
	p := Launch(t, flags...)
	s := &churn{
		Process: p, t: t, record: roomtest.New(), kills: target.Name == "forkserv",
		size: size, joining: make(chan struct{}, 8), latency: make(chan time.Duration, 100),
		slow: map[string]bool{}, departures: map[string]int{},
	}
	p.CheckHealthz()
	p.AwaitIdle()
	s.run(min(span/3, time.Minute)) // to warm up
	descriptors, memory := p.AwaitIdle(), s.restingMemory()
	before := p.Stats()
	s.dialed.Store(0)
	s.run(span)
	s.logSummary(span)
	after := p.Stats()
	if err := errors.Join(
		equal("connections accepted", after["accepted"]-before["accepted"], int(s.dialed.Load())),
		equal("refused", after["refused"], 0), equal("faults", after["faults"], 0),
		equal("violations", after["violations"], s.violations),
	); err != nil {
		t.Error(err)
	}
	p.CheckIdle(descriptors)
	end := s.restingMemory()
	t.Logf("resident memory without clients: %d KiB before, %d KiB after; %d descriptors", memory>>10, end>>10, descriptors)
	// The room's log alone may be 4 MiB, texts and their JSON, and as much garbage.
	if most := memory + 32<<20; end > most {
		t.Errorf("resident memory: got %d bytes, want at most %d", end, most)
	}
	p.Stop()
	s.checkLog()
}

// restingMemory is the server's memory without members. Before it is measured, requests make
// the server collect its garbage.
func (s *churn) restingMemory() (least int) {
	s.t.Helper()
	s.CloseStats()
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

// run fills the room, has members join and leave for span, and empties it.
func (s *churn) run(span time.Duration) {
	s.t.Helper()
	s.leaving.Store(false)
	s.record.Reset()
	s.endsAt = time.Now().Add(span)
	var wg, residents sync.WaitGroup
	first := s.joinResidents(&residents)
	pollers := max(2, s.size/25)
	for i := range pollers {
		s.goClient(&wg, func() error { return s.runPoller(fmt.Sprint("poller ", i)) })
	}
	for i := range s.size - pollers - len(s.observers) - 1 {
		s.goClient(&wg, func() error { return s.runGuest(fmt.Sprint("guest ", i)) })
	}
	for s.record.CountMembers() < s.size*9/10 && !s.t.Failed() {
		time.Sleep(50 * time.Millisecond) // a client that can't enter fails by itself
	}
	began := time.Now()
	period := min(span/4, 30*time.Second)
	for time.Since(began) < span && !s.t.Failed() {
		if time.Since(began)/period%2 == 1 && s.countSlow() == 0 {
			s.addSlowMembers(&wg)
		}
		s.step()
	}
	s.leaving.Store(true)
	s.endAll(&wg, &residents, first)
}

// goClient runs a client in a goroutine.
func (s *churn) goClient(wg *sync.WaitGroup, live func() error) {
	wg.Go(func() {
		if err := live(); err != nil {
			s.t.Error(err)
		}
	})
}

// joinResidents has the members join that stay. It returns the first entry's number.
func (s *churn) joinResidents(residents *sync.WaitGroup) (first int) {
	resident := func(name string, took func(e roomtest.Entry)) *member {
		m, err := s.join(name)
		must(s.t, err)
		s.goClient(residents, func() error { return s.readUntilEnd(m, took) })
		return m
	}
	s.flooder = resident("feeder", func(roomtest.Entry) {})
	must(s.t, equal("members that the first one is told of", s.flooder.Others, 0))
	s.observers = nil
	for i := range 10 {
		s.observers = append(s.observers, resident(fmt.Sprint("observer ", i), func(e roomtest.Entry) {
			if e.Round > 0 {
				s.latency <- time.Since(time.Unix(0, s.sentAt.Load()))
			}
		}))
	}
	return s.flooder.First
}

// addSlowMembers has members join that read nothing.
func (s *churn) addSlowMembers(wg *sync.WaitGroup) {
	for i := range max(2, s.size/50) {
		name := fmt.Sprintf("slow %d.%d", s.round, i)
		s.mu.Lock()
		s.slow[name] = false
		s.mu.Unlock()
		s.departures[neverReading.name]++
		s.goClient(wg, func() error { return s.runSlowMember(name) })
	}
}

// countSlow counts the members that read nothing, with those about to join.
func (s *churn) countSlow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.slow)
}

// step has an observer send a message, waits until all observers have received it, and has
// some guests leave, each way in its turn. So the room is as fast as its server.
func (s *churn) step() {
	const pause = 20 * time.Millisecond
	s.t.Helper()
	start := time.Now()
	s.broadcast()
	for range 2 + s.size/200 {
		if m := s.takeGuest(); m != nil {
			how := &departures[s.departed%len(departures)]
			s.departed++
			if s.kills && rand.IntN(3) == 0 {
				how = killed
			}
			s.makeLeave(m, how)
		}
	}
	s.killChildren()
	s.sendPrivate()
	time.Sleep(max(pause, time.Since(start)))
}

// broadcast sends a message to all, now and then a large one.
func (s *churn) broadcast() {
	const large, often = 16_000, 10
	s.t.Helper()
	s.round++
	padding := 0
	if s.round%often == 0 {
		padding = large
	}
	latencies := &s.withoutSlow
	if s.countSlow() > 0 {
		latencies = &s.withSlow
	}
	s.sentAt.Store(time.Now().UnixNano())
	must(s.t, s.observers[rand.IntN(len(s.observers))].say(s.round, padding))
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	for i := range s.observers {
		select {
		case d := <-s.latency:
			*latencies = append(*latencies, d)
		case <-timeout.C:
			s.t.Fatalf("%d of %d observers have received message %d after a minute", i, len(s.observers), s.round)
		}
	}
}

// sendPrivate sends a message to one member, and much to those that read nothing.
func (s *churn) sendPrivate() {
	s.mu.Lock()
	few, much := []string{"nobody"}, []string(nil)
	if len(s.guests) > 0 {
		few = append(few, s.guests[0].Name)
	}
	for name, there := range s.slow {
		if there {
			much = append(much, name, name, name)
		}
	}
	s.mu.Unlock()
	for _, name := range few {
		must(s.t, s.flooder.sayTo(name, 0))
	}
	for _, name := range much {
		must(s.t, s.flooder.sayTo(name, 20_000))
	}
}

// killLater has a client's child killed by the next killChildren.
func (s *churn) killLater(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.toKill = append(s.toKill, c)
}

// killChildren kills the children that killLater was called for.
func (s *churn) killChildren() {
	s.t.Helper()
	s.mu.Lock()
	victims := s.toKill
	s.toKill = nil
	s.mu.Unlock()
	if len(victims) == 0 {
		return
	}
	s.Stats() // on a connection that is open then
	pids := map[string]int{}
	for _, slot := range s.statsClient.scoreboard(s.t).Slots {
		if peer, ok := slot["peer"].(string); ok {
			pids[peer] = int(slot["pid"].(float64))
		}
	}
	for _, c := range victims {
		pid := pids[c.LocalAddr().String()]
		if pid == 0 { // it is not accepted yet
			s.killLater(c)
			continue
		}
		must(s.t, equal("it is the parent's", pid == s.Pid, false))
		must(s.t, syscall.Kill(pid, syscall.SIGKILL))
		s.killed++
	}
}

// endAll has all leave, the observers last, and compares what they have received.
func (s *churn) endAll(others, residents *sync.WaitGroup, first int) {
	s.t.Helper()
	gone := make(chan struct{})
	go func() {
		others.Wait()
		close(gone)
	}()
	for end := time.Now().Add(2 * time.Minute); !closed(gone); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("two minutes after all were asked to leave %d are there", s.record.CountMembers())
		}
		for m := s.takeGuest(); m != nil; m = s.takeGuest() {
			s.makeLeave(m, closeFirst)
		}
		s.killChildren()
		s.broadcast() // polls are answered then, and members that don't read are closed
		s.sendPrivate()
	}
	s.broadcast()
	must(s.t, equal("victims that could not be killed", len(s.toKill), 0))
	for i, m := range append([]*member{s.flooder}, s.observers...) {
		eventually(s.t, func() error { return equal("members", s.record.CountMembers(), len(s.observers)+1-i) })
		s.makeLeave(m, closeFirst)
	}
	residents.Wait()
	last := s.observers[len(s.observers)-1].Last
	s.checkEmptyRoom(last)
	faults := s.record.Check(first, last)
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

// checkEmptyRoom has a member join after the last one has left.
func (s *churn) checkEmptyRoom(last int) {
	s.t.Helper()
	s.AwaitOpen(1)
	late, err := s.join("the last")
	must(s.t, err)
	must(s.t, equal("members that a new member is told of", late.Others, 0))
	must(s.t, equal("the number of its entry", late.First, last+2))
	must(s.t, late.leave())
}
