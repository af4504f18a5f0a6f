package processtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

// What an answer of the room may cost, compared with the request.
const (
	largestAnswer  = 256 << 10 // bytes
	answerPerByte  = 300       // bytes of an answer for each byte of its request
	computePerByte = 20        // processor time for each byte of the request, compared with GET /healthz
)

// boundsAnswers asks a room for all that was said, after two mebibytes of a character that some
// encoders of JSON write as six bytes.
func boundsAnswers(t *testing.T) {
	p := Launch(t)
	v := p.visit(t, "Ann")
	const messages = 104
	for range messages {
		v.posts("send", fmt.Sprintf(`{"session":%q,"text":"%s"}`, v.session, strings.Repeat("\u2028", 6_780)))
	}
	v.seq = 0
	request := fmt.Sprintf("GET /chat/poll?session=%s&since=%d HTTP/1.1\r\nHost: localhost\r\n\r\n", v.session, 0)
	for {
		v.waits()
		r, err := v.answer()
		must(t, err)
		if v.seq == 0 {
			checkAnswer(t, "GET /chat/poll since the beginning", len(request), len(r.body))
		}
		if len(r.body) > largestAnswer {
			t.Errorf("an answer to a poll: got %d bytes, want at most %d", len(r.body), largestAnswer)
		}
		a := v.understand(r)
		if v.seq = a.Seq; v.seq > messages {
			break // "joined" was the first message
		}
	}
	p.comparePolls(t, v)

	c, err := dial(p.Addr)
	must(t, err)
	defer c.Close()
	_, err = c.upgradeAt("/chat")
	must(t, errors.Join(err, joinAs(c, "Bob", err)))
	got := 0
	for joined := false; !joined; {
		ev, err := c.frames.Next()
		must(t, err)
		var h heard
		must(t, json.Unmarshal(ev.Payload, &h))
		got += len(ev.Payload)
		joined = h.Type == "joined" && h.Name == "Bob"
	}
	asked := len("GET /chat HTTP/1.1\r\nHost: localhost\r\n"+strings.Join(webSocketFields[:], "\r\n")+"\r\n\r\n") +
		len(frame(ws.Text, []byte(`{"name":"Bob","type":"join"}`)))
	checkAnswer(t, "joining by WebSocket", asked, got)
}

func checkAnswer(t *testing.T, what string, asked, got int) {
	t.Helper()
	t.Logf("%s: %d bytes are answered with %d, %d for each byte", what, asked, got, got/asked)
	if got > answerPerByte*asked {
		t.Errorf("%s: %d bytes are answered with %d, want at most %d for each byte", what, asked, got, answerPerByte)
	}
}

// comparePolls compares the processor time of polls with that of the cheapest requests.
func (p *Process) comparePolls(t *testing.T, v *visitor) {
	t.Helper()
	const rounds = 50
	cost := func(path string) time.Duration {
		before := p.computed()
		for range rounds {
			_, err := v.get(path)
			must(t, err)
		}
		length := len("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		return (p.computed() - before) / time.Duration(rounds*length)
	}
	healthz := cost("/healthz")
	poll := cost(fmt.Sprintf("/chat/poll?session=%s&since=0", v.session))
	t.Logf("processor time for each byte of a request: %v of a poll, %v of /healthz", poll, healthz)
	if most := computePerByte * max(healthz, 50*time.Nanosecond) * slack(); poll > most {
		t.Errorf("processor time for each byte of a poll: got %v, want at most %v", poll, most)
	}
}

// computed is the processor time of all processes of the server.
func (p *Process) computed() (sum time.Duration) {
	for _, pid := range p.pids() {
		sum += processTime(pid)
	}
	return sum
}

// boundsMembersThatReadNothing has one member talk in a room in which others read nothing. What the
// server holds for such a member is what -max-message and a mebibyte allow, however small the
// messages are. The garbage collector may let the heap grow to twice of that before it collects.
func (target Target) boundsMembersThatReadNothing(t *testing.T) {
	needTrueMemory(t)
	const limit, garbage = 2 << 20, 4 << 20
	readers, messages := 60, 120_000 // the first four mebibytes may wait in the sockets
	if target.Name == "forkserv" {
		readers = 8 // each message takes a system call in each process
	}
	p := Launch(t, "-max-message=1MiB", "-write-timeout=1m")
	together(t, readers, func(i int) error {
		c, err := dialNarrow(p.Addr)
		if err != nil {
			return err
		}
		t.Cleanup(c.reset)
		_, err = c.upgradeAt("/chat")
		return joinAs(c, fmt.Sprint("silent ", i), err)
	})
	talker := p.join(t, "Ann")
	before, peak := p.status("RssAnon"), p.watchMemory()
	heard := make(chan error, 1)
	go func() {
		for {
			h, err := talker.next()
			if err != nil || h.Text == "last" {
				heard <- err
				return
			}
		}
	}()
	_, err := talker.Write(bytes.Repeat(frame(ws.Text, []byte(`{"type":"say","text":"x"}`)), messages))
	must(t, errors.Join(err, talker.ask("say", "text", "last"), <-heard))
	growth := peak() - before
	held, most := p.Stats()["memory_most"], readers*limit*11/10
	t.Logf("for each of %d members that read nothing: %.2f MiB held, memory grew by %.2f MiB", readers,
		float64(held)/float64(readers)/mib, float64(growth)/float64(readers)/mib)
	if held > most {
		t.Errorf("held for %d members that read nothing: got %d MiB, want at most %d", readers, held/mib, most/mib)
	}
	if most = 2*most + garbage; target.Name == "forkserv" {
		most += readers * garbage // of each child
	}
	if growth > most {
		t.Errorf("memory for %d members that read nothing: got %d MiB, want at most %d", readers, growth/mib, most/mib)
	}
}
