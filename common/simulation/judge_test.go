package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// acts is a client that does what a scenario's lines say.
func acts(t *testing.T, lines ...string) *stream {
	t.Helper()
	s, err := sim.ParseScenario(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	st := streamsOf(s)[0]
	for i := range st.steps {
		st.steps[i].sip = s.Actions[i].Bytes > 0
	}
	st.client = new(sim.Client)
	return st
}

func TestWhetherAClientMayGetLess(t *testing.T) {
	for _, tt := range []struct {
		title              string
		lines              []string
		aborts, deaf, slow bool
	}{
		{"it reads all", []string{"at 1s A connects", `at 2s A sends "x"`, "at 3s A shuts down"}, false, false, false},
		{"it closes", []string{"at 1s A connects", "at 2s A closes"}, true, false, false},
		{"it resets", []string{"at 1s A connects", "at 2s A resets"}, true, false, false},
		{"it never reads again", []string{"at 1s A connects", "at 2s A stops reading"}, true, true, false},
		{"it reads again in time", []string{"at 1s A connects", "at 2s A stops reading", "at 4s A reads"}, false, true, false},
		{"it reads again too late", []string{"at 1s A connects", "at 2s A stops reading", "at 6s A reads"}, true, true, true},
		{"it reads in sips", []string{"at 1s A stops reading", "at 3s A reads 9 bytes", "at 5s A reads 9 bytes", "at 7s A reads"}, false, true, false},
		{"its last sip isn't the end", []string{"at 1s A stops reading", "at 3s A reads 9 bytes"}, true, true, false},
		{"a sip is late", []string{"at 1s A stops reading", "at 5s A reads 9 bytes", "at 6s A reads"}, true, true, true},
		{"it pauses", []string{"at 1s A connects", `at 4s A sends "x"`}, false, false, true},
	} {
		st := acts(t, tt.lines...)
		if got := [3]bool{st.aborts(), st.deaf(), st.slow()}; got != [3]bool{tt.aborts, tt.deaf, tt.slow} {
			t.Errorf("%s: aborts, deaf, slow: got %v, want %t %t %t", tt.title, got, tt.aborts, tt.deaf, tt.slow)
		}
	}
}

func TestSinceWhenAMessageIsUnfinished(t *testing.T) {
	frame := func(h ws.Header) string {
		h.Masked = true
		return string(ws.AppendFrame(nil, h, []byte("x")))
	}
	begin, more := frame(ws.Header{Opcode: ws.Text}), frame(ws.Header{Opcode: ws.Continuation})
	last, whole := frame(ws.Header{Fin: true, Opcode: ws.Continuation}), frame(ws.Header{Fin: true, Opcode: ws.Text})
	head := handshake("/echo") + "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	for _, tt := range []struct {
		title string
		sent  []string // a second after the other
		want  time.Duration
	}{
		{"whole messages", []string{head, whole, begin, last}, -1},
		{"a message that is begun", []string{head, whole, begin, more, more}, 3 * time.Second},
		{"a message begun in the piece that ends another", []string{head, begin, last + begin, more}, 3 * time.Second},
		{"a frame that isn't whole", []string{head, begin[:3]}, -1},
		{"a message that breaks a rule", []string{head, begin, whole}, -1},
		{"no WebSocket", []string{"GET / HTTP/1.1\r\n\r\n", begin}, -1},
	} {
		var lines []string
		for i, text := range tt.sent {
			lines = append(lines, fmt.Sprintf("at %ds A sends %q", i+1, text))
		}
		if got := acts(t, lines...).unfinishedSince(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.title, got, tt.want)
		}
	}
}

func TestPartsOfTheOutput(t *testing.T) {
	const ok, late = "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
	all := output{http: []byte(ok + ok), messages: []byte("(text a)(text b)"), control: []byte("(pong frame 0 \"\")")}
	for _, tt := range []struct {
		title         string
		got           output
		isAll, partOf bool
	}{
		{"all", all, true, true},
		{"nothing", output{}, false, true},
		{"a response less", output{http: []byte(ok)}, false, true},
		{"another response", output{http: []byte(ok + "HTTP/1.1 404 Not Found\r\n\r\n")}, false, false},
		{"a timeout's response in place of the last", output{http: []byte(ok + late)}, false, true},
		{"a ping of the server more", output{http: all.http, messages: all.messages, control: append([]byte("(ping frame 0 \"\")"), all.control...)},
			true, true},
		{"a Close more", output{http: all.http, messages: all.messages, control: append(all.control[:len(all.control):len(all.control)], "(close frame 1008 \"\")"...)},
			true, true},
		{"messages in another order", output{http: all.http, messages: []byte("(text b)")}, false, false},
	} {
		if got := [2]bool{tt.got.isAll(&all), tt.got.partOf(&all)}; got != [2]bool{tt.isAll, tt.partOf} {
			t.Errorf("%s: isAll, partOf: got %v, want %t, %t", tt.title, got, tt.isAll, tt.partOf)
		}
	}
}

func TestUnavailable(t *testing.T) {
	const ok, no = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.1 503 Service Unavailable\r\n\r\n"
	all := output{http: []byte(ok + ok)}
	for text, want := range map[string]bool{
		no: true, ok + no: true, ok + ok + no: true, ok: false, ok[:20] + no: false, "": false, "HTTP/1.1 404 Not Found\r\n\r\n" + no: false,
	} {
		o := output{http: []byte(text)}
		if got := o.unavailable(&all); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

// The places of a shutdown that are tried first are those near its time.
func TestPlacesOfAShutdown(t *testing.T) {
	st := acts(t, "at 1s A connects", `at 2s A sends "a"`, `at 3s A sends "b"`, "at 4s A closes")
	if got := fmt.Sprint(st.around(3 * time.Second)); got != "[2 1 3 0 4]" {
		t.Errorf("got %s, want [2 1 3 0 4]", got)
	}
	for i, want := range map[int]int{0: 0, 2: 2, 4: 4} {
		all := st.withShutdown(i)
		if len(all) != 5 || !all[want].shutdown {
			t.Errorf("with a shutdown before step %d: got %+v", i, all)
		}
	}
}

func TestARejectionOfHEADHasNoContent(t *testing.T) {
	const no = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n"
	for _, tt := range []struct {
		request, got string
		want         bool
	}{
		{"HEAD", no, false}, {"HEAD", no + "no", true}, {"GET", no + "no", false}, {"HEAD", "HTTP/1.1 200 OK\r\n\r\nno", false},
	} {
		st := acts(t, "at 1s A connects", fmt.Sprintf(`at 2s A sends "%s / HTTP/1.1\r\n"`, tt.request))
		st.client.Got = []byte(tt.got)
		if got := st.rejectedWithContent(); got != tt.want {
			t.Errorf("%s, %q: got %t, want %t", tt.request, tt.got, got, tt.want)
		}
	}
}

// The echo may send only what it was sent.
func TestTheEchoIsJudged(t *testing.T) {
	client := func(op ws.Opcode, text string) []byte {
		return ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: op, Masked: true}, []byte(text))
	}
	server := func(op ws.Opcode, text string) []byte { return serverFrame(ws.Header{Fin: true, Opcode: op}, text) }
	for _, tt := range []struct {
		title      string
		sent, came []byte
		own        []int
		wrong      string
	}{
		{"the same", client(ws.Text, "a"), server(ws.Text, "a"), nil, ""},
		{"not yet", client(ws.Text, "a"), nil, nil, ""},
		{"another type", client(ws.Text, "a"), server(ws.Binary, "a"), nil, "message 1"},
		{"twice", client(ws.Text, "a"), frames(server(ws.Text, "a"), server(ws.Text, "a")), nil, "message 2"},
		{"text that isn't UTF-8", client(ws.Text, "\xff"), server(ws.Text, "\xff"), nil, "message 1"},
		{"a pong without a ping", nil, server(ws.Pong, ""), nil, "pong 1"},
		{"a masked frame", nil, client(ws.Text, "a"), nil, "breaks a rule"},
		{"the code of the client's Close", client(ws.Close, "\x03\xe8"), server(ws.Close, "\x03\xe8"), nil, ""},
		{"another code", client(ws.Close, "\x03\xe8"), server(ws.Close, "\x03\xe9"), nil, "close code"},
		{"another code, of the server's own", client(ws.Close, "\x03\xe8"), server(ws.Close, "\x03\xe9"), []int{goingAway}, ""},
	} {
		err := judgeEcho(tt.sent, tt.came, tt.own, nil)
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: got %v, want %q", tt.title, err, tt.wrong)
		}
	}
}
