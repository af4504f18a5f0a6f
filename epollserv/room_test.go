//go:build !sim

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"threeloops/common/processtest"
)

// pollster is a member of the room that polls, instead of having a WebSocket. It has its own
// connection.
type pollster struct {
	http.Client
	url     string
	session string
	seq     uint64
}

// answer is the JSON content of a response of the room.
type answer struct {
	Session  string
	Seq      uint64
	Messages []struct{ Type, Text string }
}

func newPollster(t *testing.T, p *processtest.Process, name string) *pollster {
	t.Helper()
	own := new(http.Transport)
	t.Cleanup(own.CloseIdleConnections)
	m := &pollster{Client: http.Client{Transport: own}, url: "http://" + p.Addr + "/chat/"}
	a, err := m.ask(m.Post(m.url+"join", "", strings.NewReader(fmt.Sprintf(`{"name":%q}`, name))))
	if err != nil {
		t.Fatalf("%s can't join: %v", name, err)
	}
	m.session = a.Session
	return m
}

func (m *pollster) ask(r *http.Response, err error) (a answer, _ error) {
	if err != nil {
		return a, err
	}
	defer r.Body.Close()
	if r.StatusCode != 200 {
		return a, errors.New(r.Status)
	}
	err = json.NewDecoder(r.Body).Decode(&a)
	m.seq = a.Seq
	return a, err
}

// poll waits for the next entries of the room, and returns the text of those that members said.
func (m *pollster) poll() (said []string, err error) {
	a, err := m.ask(m.Get(fmt.Sprintf("%spoll?session=%s&since=%d", m.url, m.session, m.seq)))
	for _, heard := range a.Messages {
		if heard.Type == "said" {
			said = append(said, heard.Text)
		}
	}
	return said, err
}

// The kernel decides which loop gets a member. With so many members, each loop almost always gets
// some.
func TestSeveralLoopsShareOneRoomUntilTheyHaveEnded(t *testing.T) {
	const members = 24
	p := processtest.Launch(t, "-loops=3", "-grace=1m")
	var all []*pollster
	for i := range members {
		all = append(all, newPollster(t, p, fmt.Sprint(i)))
	}
	ended := make(chan error)
	for _, m := range all {
		go func() { ended <- m.untilHello() }()
	}
	first := all[0]
	order := fmt.Sprintf(`{"session":%q,"text":"hello"}`, first.session)
	r, err := http.Post(first.url+"send", "", strings.NewReader(order))
	if err != nil || r.StatusCode != 200 {
		t.Fatalf("sending a message to the room: got %v, %v, want status 200", r, err)
	}
	r.Body.Close()
	for range all {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	for _, m := range all {
		go func() {
			_, err := m.poll()
			ended <- err
		}()
	}
	p.Signal(syscall.SIGTERM)
	for range all {
		if err := <-ended; err != nil && !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a poll during the shutdown failed: %v", err)
		}
	}
	if code := p.Wait(); code != 0 || strings.Contains(p.Log(), "cut off") {
		t.Errorf("want exit status 0 and no connection cut off, got status %d and the log\n%s", code, p.Log())
	}
}

// untilHello polls until it has received hello, and nothing else.
func (m *pollster) untilHello() error {
	for {
		said, err := m.poll()
		if err != nil || len(said) == 1 && said[0] == "hello" {
			return err
		}
		if len(said) > 0 {
			return fmt.Errorf("polling: got the texts %q, want one hello", said)
		}
	}
}
