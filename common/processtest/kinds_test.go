package processtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/common/ws"
)

// kindProcesses are tests of what a user or a foreign client does that nothing forbids.
func kindProcesses(target Target) []process {
	return []process{
		{"a list with an entry that can match nothing is rejected", target.refusesEntries},
		{"a compressed sibling with a less precise time is sent", sendsLessPreciseSibling},
		{"a browser must revalidate its copy of a file", revalidatesFiles},
		{"an operator's message reaches the members of the room", sendsOperatorMessageToRoom},
	}
}

// refusesEntries starts a server with bad entries, and then puts one into the list of a
// server that runs.
func (target Target) refusesEntries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	write := func(text string) { must(t, os.WriteFile(file, []byte(text), 0o600)) }
	for flag, entry := range map[string]string{"-hosts": "example.com:8080", "-origins": "https://example.com/"} {
		write("1\n" + entry + "\n")
		target.complains(prepare(t, nil, []string{"-addr=127.0.0.1:0", flag + "=" + file}), 2, flag+": .*list:2: .*write ")
	}
	const friend = "http://friend.example"
	write("1\n" + friend + ":80\n")
	p := Launch(t, "-origins="+file)
	must(t, p.posts(friend, 200))
	write("2\n" + friend + "\nhttp://*.example\n")
	p.Signal(syscall.SIGHUP)
	eventually(t, func() error {
		if !strings.Contains(p.Log(), file+":3: ") {
			return errors.New("want a line that names the bad entry's line")
		}
		return nil
	})
	must(t, p.posts(friend, 200))
}

// sendsLessPreciseSibling gives a file's compressed sibling the file's time, as programs do
// that copy it in coarser units, and then a time that is really older.
func sendsLessPreciseSibling(t *testing.T) {
	root, _, c := filed(t)
	name := filepath.Join(root, "x.css")
	at := time.Now().Add(-time.Hour).Truncate(time.Second).Add(123456789)
	put(t, name, []byte("plain"), at)
	for _, tt := range []struct {
		modified time.Time
		body     string
	}{
		{at, "packed"}, {at.Truncate(time.Second), "packed"}, {at.Truncate(time.Millisecond), "packed"},
		{at.Truncate(time.Microsecond), "packed"}, {at.Add(-200), "packed"},
		{at.Truncate(time.Second).Add(-time.Second), "plain"}, {at.Add(-time.Millisecond), "plain"},
	} {
		put(t, name+".gz", []byte("packed"), tt.modified)
		_, body, err := c.exchange("/x.css", "Accept-Encoding: gzip")
		must(t, errors.Join(err, equal(tt.modified.Format(time.StampNano), string(body), tt.body)))
	}
}

// revalidatesFiles asks for files of the types that a page may have, and again with the tag
// that the first answer had.
func revalidatesFiles(t *testing.T) {
	root, _, c := filed(t)
	for name, typ := range map[string]string{
		"a.html": "text/html; charset=utf-8", "a.wav": "audio/wav", "a.m4a": "audio/mp4",
		"a.vtt": "text/vtt; charset=utf-8", "a.webmanifest": "application/manifest+json",
		"a.otf": "font/otf", "a.mov": "video/quicktime", "a": "application/octet-stream",
	} {
		put(t, filepath.Join(root, name), []byte("text"), time.Now().Add(-time.Hour))
		r, _, err := c.exchange("/" + name)
		must(t, errors.Join(err, equal("Content-Type", r.Header.Get("Content-Type"), typ),
			equal("Cache-Control", r.Header.Get("Cache-Control"), "no-cache")))
		same, _, err := c.exchange("/"+name, "If-None-Match: "+r.Header.Get("ETag"))
		must(t, errors.Join(err, equal("status of the same", same.StatusCode, 304),
			equal("Cache-Control of the same", same.Header.Get("Cache-Control"), "no-cache")))
	}
}

// sendsOperatorMessageToRoom has an operator speak to a member of the room, to one that polls, to a
// client of the room that is no member yet, and to another WebSocket.
func sendsOperatorMessageToRoom(t *testing.T) {
	o := operate(t, "-console")
	ann := o.join(t, "Ann")
	stranger := &speaker{o.enter(t), t, "a stranger"}
	echo := openWebSocket(t, o.Addr)
	o.answers(`sendall "hello" <you> \ all`, "sent to 3 of 3 clients")
	want := heard{Type: "operator", Text: `"hello" <you> \ all`}
	ann.receives(want)
	stranger.receives(want)
	must(t, echo.receives(ws.Text, []byte(want.Text)))
	o.answers("send "+o.users("users")[ann.port()].id+" Ann alone", "sent to 127.0.0.1 "+o.users("users")[ann.port()].id)
	ann.receives(heard{Type: "operator", Text: "Ann alone"})
	ann.say("still here")
	ann.receives(heard{Type: "said", Name: "Ann", Text: "still here"})
	sendsOperatorMessageToPoller(t, o, ann)
}

// sendsOperatorMessageToPoller has the operator speak while a member's poll waits, and while it has
// none.
func sendsOperatorMessageToPoller(t *testing.T, o *operator, ann *speaker) {
	pol := o.visit(t, "Pol")
	ann.receives(heard{Type: "joined", Name: "Pol"})
	pol.waits()
	pol.polled() // that it has joined
	for _, waits := range []bool{true, false} {
		if waits {
			pol.waits()
			time.Sleep(50 * time.Millisecond) // the order to speak comes another way than the poll
		}
		o.answers("sendall we restart", "sent to 3 of 4 clients") // those with a WebSocket
		if !waits {
			pol.waits()
		}
		got := pol.polled()
		if len(got) != 1 || got[0].Type != "operator" || got[0].Text != "we restart" || got[0].Seq == 0 {
			t.Errorf("a member whose poll waits (%t) hears %+v, want the operator's words, with a number", waits, got)
		}
		ann.receives(heard{Type: "operator", Text: "we restart"})
	}
}
