package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"threeloops/common/hub"
)

// hall is a room with a member that has no WebSocket.
type hall struct {
	*App
	bus     *hub.Local
	session string
	members uint64
}

func newHall(t testing.TB) *hall {
	bus := hub.NewLocal()
	a := New(Options{Name: "test", Bus: bus, Random: counting(), Loopback: true, MaxMessage: 16 << 20})
	bus.Attach(a)
	h := &hall{App: a, bus: bus, session: strings.Repeat("01", 16)}
	if newDriver(a).exchange(shortPost("join", `{"name":"x"}`)) < 100 {
		t.Fatal("no response to a join")
	}
	return h
}

// shortPost returns the shortest request with a body.
func shortPost(what, body string) []byte {
	return fmt.Appendf(nil, "POST /chat/%s HTTP/1.0\r\nContent-Length:%d\r\n\r\n%s", what, len(body), body)
}

// shortPoll returns the shortest poll.
func (h *hall) shortPoll(since int) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.0\r\n\r\n", pollOf(h.session, since))
}

// talk makes the member say text n times.
func (h *hall) talk(n int, text string) {
	for range n {
		newDriver(h.App).exchange(shortPost("send", `{"session":"`+h.session+`","text":"`+text+`"}`))
	}
}

// fillWith adds n members with a WebSocket. A name is a number, followed by a letter that is
// repeated until the name has length characters.
func (h *hall) fillWith(n int, letter string, length int) {
	for range n {
		h.members++
		number := fmt.Sprintf("%x", h.members)
		name := number + strings.Repeat(letter, max(0, length-len(number)))
		h.bus.Post(birth, &hub.Message{Kind: hub.Join, Conn: 1000 + h.members, Name: name})
	}
}

// halls are rooms in which a response can become large.
var halls = []struct {
	title string
	fill  func(h *hall)
}{
	{"an empty room", func(h *hall) {}},
	{"2 MiB of U+2028", func(h *hall) { h.talk(110, strings.Repeat("\u2028", maxChatMessage/3-40)) }},
	{"2 MiB of control characters", func(h *hall) { h.talk(110, strings.Repeat(`\u0001`, maxChatMessage/6-20)) }},
	{"2 MiB of quotes", func(h *hall) { h.talk(110, strings.Repeat(`\"`, maxChatMessage/2-50)) }},
	{"256 messages of 100 bytes", func(h *hall) { h.talk(300, strings.Repeat("x", 100)) }},
	{"256 messages of one byte", func(h *hall) { h.talk(300, "x") }},
	{"256 messages of 4 KiB", func(h *hall) { h.talk(300, strings.Repeat("x", 4000)) }},
	{"256 messages of 8 KiB", func(h *hall) { h.talk(256, strings.Repeat("x", 8000)) }},
	{"the longest private messages", func(h *hall) {
		h.fillWith(1, "\U0001F600", hub.MaxName)
		name := "1" + strings.Repeat("\U0001F600", hub.MaxName-1)
		for range 20 {
			body := `{"session":"` + h.session + `","to":"` + name + `","text":"`
			newDriver(h.App).exchange(shortPost("send", body+strings.Repeat("x", maxChatMessage-len(body)-2)+`"}`))
		}
	}},
	{"4,000 members with long names", func(h *hall) { h.fillWith(4000, "\U0001F600", hub.MaxName) }},
	{"4,000 members with names of quotes", func(h *hall) { h.fillWith(4000, `"`, hub.MaxName) }},
	{"10,000 members with short names", func(h *hall) { h.fillWith(10_000, "", 0) }},
	{"4,000 members and their messages", func(h *hall) {
		h.fillWith(4000, "\U0001F600", hub.MaxName)
		h.talk(50, strings.Repeat("x", 300))
	}},
}

// upgrade is a short handshake.
const upgrade = "GET /chat HTTP/1.1\r\nHost:\r\nUpgrade:websocket\r\nConnection:Upgrade\r\n" +
	"Sec-WebSocket-Version:13\r\nSec-WebSocket-Key:AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

func TestAResponseOfTheRoomHasAtMost300TimesTheBytesOfItsRequest(t *testing.T) {
	const most = 300
	for _, hall := range halls {
		h := newHall(t)
		hall.fill(h)
		check := func(what string, request []byte) int {
			got, sent := newDriver(h.App).exchange(request), len(request)
			if got > most*sent {
				t.Errorf("%s: the response to %s of %d bytes has %d bytes, which is %d times as many: want at most %d times",
					hall.title, what, sent, got, got/sent, most)
			}
			return got
		}
		polls := 0
		for since := range 301 { // the last poll waits
			polls = max(polls, check("a poll", h.shortPoll(since)))
		}
		join := check("a join", shortPost("join", `{"name":"-"}`))
		socket := check("a join by WebSocket", append([]byte(upgrade), joinFrame("+")...))
		t.Logf("%s: at most %d bytes for a poll, %d for a join, %d for a join by WebSocket", hall.title, polls, join, socket)
		if min(polls, join, socket) < 200 {
			t.Errorf("%s: a request got no response", hall.title)
		}
	}
}

// joinFrame returns a masked text frame with a request to join.
func joinFrame(name string) []byte {
	text := `{"type":"join","name":"` + name + `"}`
	return append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
}

// perByte returns the time of a request in nanoseconds, for each of its bytes. It is the mean of 50
// requests in the fastest of several turns, and includes garbage collection. ask returns the n-th
// request.
func perByte(t *testing.T, a *App, turns int, ask func(n int) []byte) float64 {
	const each = 50
	least, d := time.Hour, newDriver(a)
	var requests [each][]byte
	for turn := range turns {
		for i := range requests {
			requests[i] = ask(turn*each + i)
		}
		began := time.Now()
		for _, r := range requests {
			if d.exchange(r) < 100 {
				t.Fatalf("%.60q got no response", r)
			}
		}
		least = min(least, time.Since(began))
	}
	return float64(least) / float64(each*len(requests[0]))
}

func TestARequestToTheRoomCostsAtMost40TimesTheTimeOfHealthzPerByte(t *testing.T) {
	const most = 40
	for _, hall := range halls {
		h := newHall(t)
		hall.fill(h)
		unit := perByte(t, h.App, 20, func(int) []byte { return []byte("GET /healthz HTTP/1.1\r\nHost:\r\n\r\n") })
		poll := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost:\r\n\r\n", pollOf(h.session, 0))
		join := func(i int) []byte {
			return []byte(fmt.Sprintf("POST /chat/join HTTP/1.1\r\nHost:\r\nContent-Length:16\r\n\r\n"+`{"name":"-%04x"}`, i))
		}
		polls := perByte(t, h.App, 8, func(int) []byte { return poll }) / unit
		joins := perByte(t, h.App, 8, join) / unit
		t.Logf("%s: a byte of a poll takes %.1f times, and of a join %.1f times, the time of a byte of GET /healthz (%.1f ns)",
			hall.title, polls, joins, unit)
		if polls > most || joins > most {
			t.Errorf("%s: want at most %d times the time of GET /healthz for each byte, got %.1f for a poll, %.1f for a join",
				hall.title, most, polls, joins)
		}
	}
}
