package tester

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recorder keeps acts as lines.
type recorder struct {
	mu   sync.Mutex
	acts []Act
	text []string
}

func (r *recorder) add(a Act) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts = append(r.acts, a)
	line := string(a.Verb)
	if len(a.Bytes) > 0 {
		line += fmt.Sprintf(" %q", a.Bytes)
	}
	if a.Err != nil {
		line += ": " + came(a.Err)
	}
	r.text = append(r.text, line)
}

// listen serves each client with serve, and returns the server's address.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return ln.Addr().String()
}

func recorded(t *testing.T, addr, check string) (*recorder, []Result) {
	t.Helper()
	r := &recorder{}
	var done []Result
	all, err := Run(t.Context(), Options{
		Addr: addr, Kinds: []string{"line"}, Last: 99, Only: []string{check}, Patience: 200 * time.Millisecond,
		Record: r.add, Done: func(r Result) { done = append(done, r) },
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, done); diff != "" {
		t.Errorf("results that Run returned (-) and that Done got (+):\n%s", diff)
	}
	return r, all
}

func TestRecordGetsWhatAClientDoes(t *testing.T) {
	addr := listen(t, func(c net.Conn) { io.Copy(c, c) })
	r, _ := recorded(t, addr, "halves") // the server sends half a line back, which is wrong
	want := []string{"connect", `write "line 0 of"`, `read "line 0 of"`, "judge", "close"}
	if diff := cmp.Diff(want, r.text); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	first := r.acts[0].Client
	for _, a := range r.acts {
		if a.Verb != Judge && a.Client != first || a.Ended.Before(a.Began) {
			t.Errorf("%s of %v from %v to %v; the client that connected is %v", a.Verb, a.Client, a.Began, a.Ended, first)
		}
	}
}

func TestRecordGetsHowAConnectionEnds(t *testing.T) {
	addr := listen(t, func(c net.Conn) {
		bufio.NewReader(c).ReadString('\n')
		c.Close()
	})
	r, all := recorded(t, addr, "answer")
	if want := "read: the end of the connection (FIN) without an answer"; !slices.Contains(r.text, want) {
		t.Errorf("no act is %q: %q", want, r.text)
	}
	if s := all[0].Symptom; s == nil || !strings.Contains(s.Came, "FIN") || !strings.HasPrefix(all[0].Why, s.Error()) {
		t.Errorf("the symptom is %v, and the result says %q", s, all[0].Why)
	}
}

func TestRecordGetsAWaitInVain(t *testing.T) {
	addr := listen(t, func(net.Conn) {})
	r, _ := recorded(t, addr, "answer")
	if want := "read: no further byte, until the tester gave up waiting (-patience)"; !slices.Contains(r.text, want) {
		t.Errorf("no act is %q: %q", want, r.text)
	}
}

func TestRecordTellsAResetFromAClose(t *testing.T) {
	addr := listen(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			line, err := in.ReadBytes('\n')
			if err != nil {
				c.Close()
				return
			}
			c.Write(line)
		}
	})
	r, all := recorded(t, addr, "reset")
	count := strings.Count(strings.Join(r.text, "\n"), "reset")
	if all[0].Verdict != OK || count != 3 {
		t.Errorf("%s %s; %d resets, want 3: %q", all[0].Verdict, all[0].Why, count, r.text)
	}
}
