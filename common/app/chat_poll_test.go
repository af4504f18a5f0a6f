package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// visitor is a client without a WebSocket, on one connection.
type visitor struct {
	*party
	peer *tracetest.Peer
}

func (p *party) visitor() *visitor { return &visitor{p, p.Connect()} }

func rawRequest(method, target, body string, fields ...string) string {
	head := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	if body != "" {
		head += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return head + "\r\n" + body
}

func (v *visitor) asks(method, target, body string, fields ...string) {
	v.peer.Write([]byte(rawRequest(method, target, body, fields...)))
}

// answer returns the status and the body of the response that has arrived, or 0 if there is none.
func (v *visitor) answer() (status int, body string) {
	v.Helper()
	all := v.peer.Read()
	if len(all) == 0 {
		return 0, ""
	}
	in := bufio.NewReader(bytes.NewReader(all))
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		v.Fatalf("want a response, got %q", all)
	}
	text, _ := io.ReadAll(r.Body)
	if rest, _ := io.ReadAll(in); len(rest) > 0 {
		v.Fatalf("want one response, got %q after it", rest)
	}
	return r.StatusCode, string(text)
}

// gets checks the response. AT in want is replaced by the current time.
func (v *visitor) gets(status int, want string) {
	v.Helper()
	want = strings.ReplaceAll(want, "AT", fmt.Sprint(v.Now().UnixMilli()))
	got, body := v.answer()
	if diff := cmp.Diff(want, body); diff != "" || got != status {
		v.Errorf("want status %d, got %d (-want +got):\n%s", status, got, diff)
	}
}

func (v *visitor) waits() {
	v.Helper()
	if status, body := v.answer(); status != 0 {
		v.Errorf("want the poll to wait, got %d %s", status, body)
	}
}

// enters joins the room and returns the session.
func (v *visitor) enters(name string) string {
	v.Helper()
	v.asks("POST", "/chat/join", `{"name":"`+name+`"}`)
	status, body := v.answer()
	var joined struct{ Session string }
	if json.Unmarshal([]byte(body), &joined); status != 200 || len(joined.Session) != 32 {
		v.Fatalf("want a session, got %d %s", status, body)
	}
	return joined.Session
}

func pollOf(id string, since int) string {
	return fmt.Sprintf("/chat/poll?session=%s&since=%d", id, since)
}

func (v *visitor) polls(id string, since int) { v.asks("GET", pollOf(id, since), "") }

func TestMembersTalkByPolling(t *testing.T) {
	p := newParty(t)
	ann := p.join("Ann")
	ann.say(`{"type":"say","text":"early"}`)
	ann.forget()
	pol := p.visitor()
	pol.asks("POST", "/chat/join", `{"name":"Pol"}`)
	id := strings.Repeat("01", 16)
	pol.gets(200, `{"session":"`+id+`","seq":2,"messages":[{"type":"welcome","name":"Pol"},`+
		`{"type":"members","members":["Ann"]},`+
		`{"type":"said","seq":2,"at":AT,"name":"Ann","text":"early"}]}`+"\n")
	joined := `{"type":"joined","seq":3,"at":AT,"name":"Pol"}`
	ann.hears(joined)
	pol.polls(id, 2)
	pol.gets(200, `{"seq":3,"messages":[`+joined+"]}\n")

	pol.polls(id, 3)
	pol.waits()
	ann.say(`{"type":"say","text":"hello"}`)
	pol.gets(200, `{"seq":4,"messages":[{"type":"said","seq":4,"at":AT,"name":"Ann","text":"hello"}]}`+"\n")

	pol.asks("POST", "/chat/send", `{"session":"`+id+`","text":"hi","to":"Ann"}`)
	pol.gets(200, `{"seq":5}`+"\n")
	ann.forget()
	pol.asks("POST", "/chat/send", `{"session":"`+id+`","text":"hi","to":"Zoe"}`)
	pol.gets(409, "409 Conflict: nobody here has that name\n")
	pol.asks("POST", "/chat/join", `{"name":"ann"}`)
	pol.gets(409, "409 Conflict: someone here is called ann already\n")
	pol.asks("POST", "/chat/leave", `{"session":"`+id+`"}`)
	pol.gets(200, `{"seq":6}`+"\n")
	ann.hears(`{"type":"left","seq":6,"at":AT,"name":"Pol"}`)
	pol.polls(id, 6)
	pol.gets(404, "404 Not Found: no such session: it has expired or never existed; join again\n")
	if n := len(p.app.pollRequests); n != 0 {
		t.Errorf("want no remembered request, got %d", n)
	}
}

func TestAPollThatTimesOutGetsNoMessages(t *testing.T) {
	p := newParty(t, "-idle-timeout=1s")
	pol := p.visitor()
	id := pol.enters("Pol")
	pol.polls(id, 1)
	p.Advance(pollWait - time.Millisecond)
	pol.waits()
	p.Advance(time.Millisecond)
	pol.gets(200, `{"seq":1,"messages":[]}`+"\n")
	pol.polls(id, 1)
	p.Advance(pollWait - time.Millisecond)
	p.join("Ann")
	pol.answer()
	pol.polls(id, 2)
	p.Advance(time.Millisecond) // when the first poll would have timed out
	pol.waits()
}

// If the hub sends entries before it learns that the poll has timed out, they belong to that poll
// and not to the next request.
func TestAPollThatTimesOutGetsEntriesThatAreOnTheirWay(t *testing.T) {
	p := newParty(t)
	pol := p.visitor()
	id := pol.enters("Pol")
	p.deaf = true
	pol.polls(id, 1)
	p.Advance(pollWait)
	pol.waits()
	p.sent = p.sent[1:] // without the Enter
	p.undeaf()
	pol.gets(200, `{"seq":1,"messages":[]}`+"\n")
	pol.polls(id, 1)
	pol.waits()
}

// A message from the hub may be the first event in a loop for a while.
func TestAPollResponseHasTheDateOfItsEnd(t *testing.T) {
	p := newParty(t)
	pol := p.visitor()
	id := pol.enters("Pol")
	pol.polls(id, 1)
	at := p.Now().Add(10 * time.Second)
	p.bus.Post(at, &hub.Message{Kind: hub.Join, Conn: 1000, Name: "Ann"})
	want := "\r\nDate: " + at.Format(http.TimeFormat) + "\r\n"
	if got := string(pol.peer.Read()); !strings.Contains(got, want) {
		t.Errorf("want the date %v in the response, got %q", at, got)
	}
}

func TestAFinishedPollIsForgotten(t *testing.T) {
	p := newParty(t, "-idle-timeout=10m")
	pol := p.visitor()
	id := pol.enters("Pol")
	pol.polls(id, 1)
	p.join("Ann")
	pol.answer()
	if idle := pol.peer.Session.Deadline().Sub(p.Now()); idle != 10*time.Minute {
		t.Errorf("want the next deadline in 10 minutes, got %v", idle)
	}
	p.deaf = true
	pol.polls(id, 2)
	pol.peer.Reset() // before the hub's response arrives
	if n := len(p.app.pollRequests); n != 0 {
		t.Errorf("want no remembered request, got %d", n)
	}
}

func TestASecondPollEndsTheFirst(t *testing.T) {
	p := newParty(t)
	one, two := p.visitor(), p.visitor()
	id := one.enters("Pol")
	one.polls(id, 1)
	two.polls(id, 1)
	one.gets(200, `{"seq":1,"messages":[]}`+"\n")
	two.waits()
	one.asks("POST", "/chat/leave", `{"session":"`+id+`"}`)
	two.gets(200, `{"seq":1,"messages":[]}`+"\n")
	one.gets(200, `{"seq":2}`+"\n")
}

func TestRequestsAfterAPollWait(t *testing.T) {
	p := newParty(t)
	pol := p.visitor()
	id := pol.enters("Pol")
	pol.peer.Write([]byte(rawRequest("GET", pollOf(id, 1), "") + rawRequest("GET", "/healthz", "") +
		rawRequest("GET", pollOf(id, 2), "")))
	if got := pol.peer.Read(); len(got) > 0 {
		t.Errorf("want nothing before the response to the poll, got %q", got)
	}
	p.join("Ann")
	got := string(pol.peer.Read())
	if strings.Count(got, "HTTP/1.1 200 OK") != 2 || !strings.HasSuffix(got, "\r\n\r\nok\n") {
		t.Errorf("want the responses to the poll and /healthz, got %q", got)
	}
	p.join("Bob")
	if got := string(pol.peer.Read()); !strings.Contains(got, `"name":"Bob"`) {
		t.Errorf("want the response to the second poll, got %q", got)
	}
}

// A poll is forgotten when its client disconnects. Its member stays until it has been silent for
// too long.
func TestAPollOfADisconnectedClientIsForgotten(t *testing.T) {
	p := newParty(t, "-idle-timeout=10m")
	ann := p.join("Ann")
	pol := p.visitor()
	id := pol.enters("Pol")
	ann.forget()
	pol.polls(id, 2)
	pol.peer.Reset()
	if last := p.sent[len(p.sent)-1]; last.Kind != hub.Stop || len(p.app.pollRequests) != 0 {
		t.Errorf("want a Stop for the hub and no remembered request, got kind %d and %d requests", last.Kind, len(p.app.pollRequests))
	}
	ann.say(`{"type":"say","text":"x"}`)
	ann.forget()
	again := p.visitor()
	again.polls(id, 2)
	again.gets(200, `{"seq":3,"messages":[{"type":"said","seq":3,"at":AT,"name":"Ann","text":"x"}]}`+"\n")
	p.Advance(hub.PollingTimeout - 1)
	p.bus.Tick(p.Now())
	ann.hears()
	p.Advance(1)
	p.bus.Tick(p.Now())
	ann.hears(`{"type":"left","seq":4,"at":AT,"name":"Pol"}`)
	again.polls(id, 3)
	again.gets(404, "404 Not Found: no such session: it has expired or never existed; join again\n")
}

func TestAPollEndsAtShutdown(t *testing.T) {
	p := newParty(t)
	pol, late := p.visitor(), p.visitor()
	id := pol.enters("Pol")
	pol.polls(id, 1)
	target := pollOf(id, 1)
	late.peer.Write([]byte("GET " + target + " HTTP/1.1\r\n"))
	p.Shutdown()
	p.Advance(time.Millisecond)
	pol.gets(200, `{"seq":1,"messages":[]}`+"\n")
	late.peer.Write([]byte("Host: localhost\r\n\r\n"))
	p.Advance(time.Millisecond)
	late.gets(200, `{"seq":1,"messages":[]}`+"\n")
	if !pol.peer.Ended() || !late.peer.Ended() {
		t.Error("want both connections closed after the response")
	}
}

func TestALatePollGetsAMissedMessage(t *testing.T) {
	p := newParty(t)
	pol := p.visitor()
	id := pol.enters("Pol")
	ann := p.join("Ann")
	for range hub.LogSize {
		ann.say(`{"type":"say","text":"x"}`)
	}
	pol.polls(id, 0)
	_, body := pol.answer()
	if !strings.HasPrefix(body, `{"seq":66,"more":true,"messages":[{"type":"missed","seq":2},{"type":"said","seq":3,`) {
		t.Errorf("want the missed message first, got %.100s", body)
	}
}

const someone = "00112233445566778899aabbccddeeff"

func TestThePollRoutesRefuseWithALineOfText(t *testing.T) {
	const (
		foreign  = "pages of that Origin may not use this resource"
		needs    = "a poll needs session and since, each once, and nothing else"
		nullLike = "that isn't a JSON object: invalid character 'a' in literal null (expecting 'u')"
		badName  = "a name has 1 to 32 characters, and no space at its ends"
	)
	long := strings.Repeat("x", maxChatMessage)
	for _, tt := range []struct {
		method, target, body, field string
		status                      int
		reason                      string
	}{
		{"GET", "/chat/join", "", "", 405, "this resource allows POST, OPTIONS"},
		{"HEAD", "/chat/send", "", "", 405, ""},
		{"PUT", "/chat/leave", "", "", 405, "this resource allows POST, OPTIONS"},
		{"POST", "/chat/poll", "{}", "", 405, "this resource allows GET, HEAD, OPTIONS"},
		{"BREW", "/chat/join", "", "", 501, "this server doesn't know that method"},
		{"POST", "/chat/other", "{}", "", 405, "this resource allows GET, HEAD, OPTIONS"},
		{"GET", "/chat/", "", "", 404, "there is nothing at that path"},
		{"POST", "/chat/join", `{"name":"a"}`, "Origin: http://evil.example", 403, foreign},
		{"GET", pollOf(someone, 1), "", "Origin: http://evil.example", 403, foreign},
		{"POST", "/chat/join", `{"name":"a"}`, "If-Match: *", 412, "nothing here can match If-Match"},
		{"GET", pollOf(someone, 1), "", "If-Match: \"a\"", 412, "the resource doesn't meet the request's conditions"},
		{"POST", "/chat/join", "", "", 400, "that isn't a JSON object: it has no end"},
		{"POST", "/chat/join", "name=Ann", "", 400, nullLike},
		{"POST", "/chat/join", "{\"name\":\"\xff\"}", "", 400, "that is not UTF-8"},
		{"POST", "/chat/join", `{"name":"Ann","text":"x"}`, "", 400, `the key "text" isn't allowed here`},
		{"POST", "/chat/join", `{"type":"join","name":"Ann"}`, "", 400, `the key "type" isn't allowed here`},
		{"POST", "/chat/join", `{"name":" Ann"}`, "", 409, badName},
		{"POST", "/chat/send", `{"text":"` + long + `"}`, "", 413, "a message has at most 20480 bytes"},
		{"POST", "/chat/send", `{"session":"` + someone + `"}`, "", 400, "the message has no text"},
		{"POST", "/chat/send", `{"session":"` + someone + `","text":"x"}`, "", 404, joinAgain},
		{"POST", "/chat/send", `{"session":"me","text":"x"}`, "", 404, joinAgain},
		{"POST", "/chat/leave", `{}`, "", 404, joinAgain},
		{"POST", "/chat/leave", `{"session":"` + someone + `"}`, "", 404, joinAgain},
		{"GET", pollOf(someone, 1), "", "", 404, joinAgain},
		{"GET", pollOf("", 1), "", "", 404, joinAgain},
		{"GET", pollOf(someone, -1), "", "", 400, "since must be a number: the seq of the last response"},
		{"GET", "/chat/poll", "", "", 400, needs},
		{"GET", "/chat/poll?session=" + someone, "", "", 400, needs},
		{"GET", pollOf(someone, 1) + "&since=1", "", "", 400, needs},
		{"GET", pollOf(someone, 1) + "&session=" + someone, "", "", 400, needs},
		{"GET", pollOf(someone, 1) + "&x=1", "", "", 400, needs},
	} {
		var fields []string
		if tt.field != "" {
			fields = append(fields, tt.field)
		}
		v := newParty(t).visitor()
		v.asks(tt.method, tt.target, tt.body, fields...)
		if tt.method == "HEAD" {
			if got := string(v.peer.Read()); !strings.HasPrefix(got, "HTTP/1.1 405 ") {
				t.Errorf("%s %s: want 405, got %q", tt.method, tt.target, got)
			}
			continue
		}
		status, body := v.answer()
		_, reason, _ := strings.Cut(strings.TrimSuffix(body, "\n"), ": ")
		if status != tt.status || reason != tt.reason {
			t.Errorf("%s %s %.40s: want %d %q, got %d %q",
				tt.method, tt.target, tt.body, tt.status, tt.reason, status, reason)
		}
	}
}

// A browser sends no Origin when a page polls its own server.
func TestAPollNeedsNoOriginWhereOneIsRequired(t *testing.T) {
	a := local(func(o *Options) { o.OriginRequired = true })
	ask(t, a, "GET "+pollOf(someone, 1)).expect(t, 404, "a poll without Origin")
	post(t, a, "POST /chat/join", `{"name":"a"}`).expect(t, 403, "a join without Origin")
	own := "Origin: http://localhost:8003"
	post(t, a, "POST /chat/join", `{"name":"a"}`, own).expect(t, 200, "a join from our own page")
}

func TestWithoutARoomItsRoutesAreNotFound(t *testing.T) {
	a := New(Options{})
	for _, path := range []string{"/chat", "/chat/poll"} {
		ask(t, a, "GET "+path).expect(t, 404, path)
	}
}

// A browser must not treat a response as a page, and no cache may keep it.
func TestPollResponsesAreServedAsJSONAndNotSniffed(t *testing.T) {
	got := post(t, local(nil), "POST /chat/join", `{"name":"a"}`)
	want := []string{"application/json", "nosniff", "no-store"}
	var have []string
	for _, name := range []string{"Content-Type", "X-Content-Type-Options", "Cache-Control"} {
		have = append(have, got.Header.Get(name))
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}

func TestPollingMembersOfAnAddressAreLimited(t *testing.T) {
	peer := hub.Addr(netip.MustParseAddr("192.0.2.1").As16())
	bus := hub.NewLocal()
	bus.LimitPeers(1)
	a := New(Options{Loopback: true, Bus: bus, Random: counting(), Peer: func(*session.Conn) hub.Addr { return peer }})
	bus.Attach(a)
	post(t, a, "POST /chat/join", `{"name":"a"}`).expect(t, 200, "the first member")
	r := post(t, a, "POST /chat/join", `{"name":"b"}`)
	r.expect(t, 409, "the second member")
	const want = "409 Conflict: this address already has 1 members without a WebSocket: remove one, or join with a WebSocket\n"
	if r.body != want {
		t.Errorf("want %q, got %q", want, r.body)
	}
	peer = netip.MustParseAddr("192.0.2.2").As16()
	post(t, a, "POST /chat/join", `{"name":"b"}`).expect(t, 200, "a member from another address")
	peer = hub.Addr{}
	for _, name := range []string{"c", "d"} {
		post(t, a, "POST /chat/join", `{"name":"`+name+`"}`).expect(t, 200, "a member from an unknown address")
	}
}
