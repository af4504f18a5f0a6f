package tester

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// order lets several members send at the same time, and wants the same sequence at all. The server is
// stopped while the first messages arrive, so that it gets messages of all senders in one wake-up.
func order(e *env) error {
	const rounds, members, senders, each = 3, 5, 4, 200
	sent := fmt.Sprintf("%d members join a room, and %d of them send %d messages each, at the same time",
		members, senders, each)
	const expected = "the same sequence at all members: each message once, and the messages of one sender in the " +
		"order in which it has sent them"
	for range rounds {
		all, err := e.join(members)
		if err != nil {
			return err
		}
		lists, fails := e.everybodySends(all, senders, each)
		for i, err := range fails {
			if err != nil {
				return saw(sent, expected, fmt.Errorf("at member %d, %d messages, then %s", i+1, len(lists[i]), came(err)))
			}
		}
		for i, p := range all[:senders] {
			if err := inOrder(lists[0], p.mark); err != nil {
				return saw(sent, expected, fmt.Errorf("at member 1, of the messages of member %d, %w", i+1, err))
			}
		}
		for i, list := range lists {
			if at := firstDifference(lists[0], list); at >= 0 {
				return saw(sent, expected, fmt.Errorf("%q as message %d at member 1, but %q at member %d",
					lists[0][at], at+1, list[at], i+1))
			}
		}
		leaveTogether(all)
	}
	return nil
}

// everybodySends returns what each member has read, and why it hasn't read the rest.
func (e *env) everybodySends(all []*clientConn, senders, each int) (lists [][]string, fails []error) {
	lists, fails = make([][]string, len(all)), make([]error, len(all))
	var readers, writers, begun sync.WaitGroup
	begun.Add(senders)
	e.frozen(func() error {
		for i, p := range all {
			readers.Go(func() { lists[i], fails[i] = p.listen(senders * each) })
		}
		for _, p := range all[:senders] {
			writers.Go(func() {
				p.Write(e.kind.request(p, 0))
				begun.Done()
				for i := 1; i < each; i++ {
					p.Write(e.kind.request(p, i))
				}
			})
		}
		begun.Wait()
		return nil
	})
	writers.Wait()
	readers.Wait()
	return lists, fails
}

// listen reads n messages.
func (p *clientConn) listen(n int) (all []string, err error) {
	for range n {
		m, err := p.message()
		if err != nil {
			return all, err
		}
		all = append(all, string(m))
	}
	return all, nil
}

// inOrder checks that the messages of one member begin with number 0 and have no gap.
func inOrder(list []string, mark string) error {
	next := 0
	for _, m := range list {
		from, number := heard([]byte(m))
		switch {
		case from == "":
			return fmt.Errorf("a message that no member has sent: %s", quote([]byte(m)))
		case from != mark:
			continue
		case number != strconv.Itoa(next):
			return fmt.Errorf("message %s where message %d was due", number, next)
		}
		next++
	}
	return nil
}

// firstDifference returns the first index at which two lists of the same length differ, or -1.
func firstDifference(a, b []string) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

const lagging = "one member of a room never reads; another member sends %d MiB of messages, in pieces of %d KiB, " +
	"each after it has got the one before"

// outpace lets one member send messages of size bytes together, while another one never reads. The sender
// and a third member must get each message before the next one is sent. So only the member that never
// reads falls behind, however busy the machine is.
func (e *env) outpace(size int) (sent string, err error) {
	const piece = 32 << 10
	sent = fmt.Sprintf(lagging, size>>20, piece>>10)
	all, err := e.join(3)
	if err != nil {
		return sent, err
	}
	const expected = "each message at the members that read, whatever the other one does: " +
		"the server may disconnect a member that doesn't read"
	var handed atomic.Int64
	slept := e.watchSleep(&handed)
	defer slept()
	for i := range size / piece {
		// The laggard has joined first: a loop over the members comes to it before it comes to the others.
		err := all[1].tell(saidAtLength(all[1].mark, i, piece), all[1:])
		if err != nil {
			err = fmt.Errorf("%d messages, then %s", i, came(err))
		}
		if err := saw(sent, expected, err); err != nil {
			return sent, err
		}
		handed.Add(1)
	}
	if slept() {
		return sent, &Symptom{sent, expected, fmt.Sprintf("each message, but one of them late: while it was due to a member "+
			"that reads, the server slept for %v", tooLong)}
	}
	return sent, nil
}

// tooLong is how long a server may sleep while a message is due to a member that reads. A server that waits
// for another member, for example until a time limit is over, sleeps.
const tooLong = 2 * time.Second

// watchSleep looks whether the server sleeps for tooLong while steps doesn't change. The caller must call
// slept, which ends this and returns the outcome. A busy machine makes a server late, but not sleep.
func (e *env) watchSleep(steps *atomic.Int64) (slept func() bool) {
	const pause = 20 * time.Millisecond
	if e.server == nil || !procWorks() {
		return func() bool { return false }
	}
	stop, outcome := make(chan struct{}), make(chan bool, 1)
	go func() {
		found, still, before := false, 0, int64(-1)
		for {
			select {
			case <-stop:
				outcome <- found
				return
			case <-time.After(pause):
			}
			if now := steps.Load(); now != before || awake(e.pid()) {
				before, still = now, 0
			}
			still++
			found = found || still > int(tooLong/pause)
		}
	}()
	return sync.OnceValue(func() bool {
		close(stop)
		return <-outcome
	})
}

// laggard wants the members of a room served, old and new, while one of them doesn't read.
func laggard(e *env) error {
	sent, err := e.outpace(volume)
	if err != nil {
		return err
	}
	return e.others(sent)
}

// laggardCosts watches the server's memory while a member doesn't read what another one sends.
func laggardCosts(e *env) error {
	return e.growsLittle(func() (string, error) { return e.outpace(flood) })
}

// laggardSleeps wants the server to sleep when nobody sends any more and one member hasn't read.
func laggardSleeps(e *env) error {
	sent, err := e.outpace(volume)
	if err != nil {
		return err
	}
	return e.rests(sent + "; then nobody sends anything")
}

// dropout resets the connections of some members while the server has messages for them. The server is
// stopped meanwhile, so it learns of the resets only when it sends.
func dropout(e *env) error {
	const rounds, each = 5, 20
	const sent = "one member of a room sends messages, and three of the other six members reset their connections (RST) " +
		"before they get them"
	const expected = "each message once and in order at the members that stay: an error of one connection ends only " +
		"this connection"
	for range rounds {
		all, err := e.join(7)
		if err != nil {
			return saw(sent, "a client that joins later is welcome", err)
		}
		sender, gone := all[0], []*clientConn{all[2], all[4], all[5]}
		stay := []*clientConn{all[0], all[1], all[3], all[6]}
		e.frozen(func() error {
			for i := range each {
				sender.Write(e.kind.request(sender, i))
			}
			for _, p := range gone {
				p.reset()
			}
			return nil
		})
		for i, p := range stay {
			for n := range each {
				m, err := p.message()
				if want := said(sender.mark, n); err == nil && !bytes.Equal(m, want) {
					err = fmt.Errorf("%s instead of %s", quote(m), quote(want))
				}
				if err != nil {
					return saw(sent, expected, fmt.Errorf("at member %d of the four, %d messages, then %s", i+1, n, came(err)))
				}
			}
		}
		if err := saw(sent+"; then it sends one more", expected, sender.tell(said(sender.mark, each), stay)); err != nil {
			return err
		}
		leaveTogether(stay)
	}
	return e.others(sent)
}

// goodbye lets one member leave with a Close frame, and later ends the server with a SIGTERM.
func goodbye(e *env) error {
	all, err := e.join(5)
	if err != nil {
		return err
	}
	leaver, rest := all[0], all[1:]
	leaver.Write(masked(closing, []byte("\x03\xe8")))
	code, err := leaver.readClose()
	if err == nil && !normal(code) {
		err = fmt.Errorf("a Close frame with code %d", code)
	}
	if err == nil {
		err = leaver.awaitEnd(e.Patience)
	}
	sent := fmt.Sprintf("one of %d members of a room sends a Close frame with code 1000", len(all))
	if err := saw(sent, "a Close frame, and then the end of the connection (RFC 6455 5.5.1)", err); err != nil {
		return err
	}
	if err := saw(sent+"; then another member sends a message", "the message at each of the others",
		rest[0].tell(said(rest[0].mark, 0), rest)); err != nil {
		return err
	}
	return e.everybodyOut(rest)
}

// everybodyOut ends the server. The last member neither reads nor answers a Close frame.
func (e *env) everybodyOut(all []*clientConn) error {
	sent := fmt.Sprintf("a SIGTERM, while %d members are in the room; one of them reads nothing and answers nothing", len(all))
	ended := make(chan bool, 1)
	begun := time.Now()
	go func() { ended <- e.server.terminate(grace) }()
	for i, p := range all[:len(all)-1] {
		code, err := p.readClose()
		if err == nil && code != 1001 {
			err = fmt.Errorf("a Close frame with code %d", code)
		}
		if err == nil {
			p.Write(masked(closing, []byte("\x03\xe9")))
			err = p.awaitEnd(grace)
		}
		if err := saw(sent, "at each member a Close frame with code 1001, “going away” (RFC 6455 7.4.1), and then the end of "+
			"the connection", while(fmt.Sprintf("at member %d", i+1), err)); err != nil {
			<-ended
			return err
		}
	}
	if !<-ended {
		return &Symptom{sent, fmt.Sprintf("the server ends within %v", grace),
			fmt.Sprintf("no end: the server still runs after %v", time.Since(begun).Round(time.Second))}
	}
	return nil
}
