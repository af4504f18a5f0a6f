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

// pollster is a member of the room without WebSocket, on a connection of its own.
type pollster struct {
	http.Client
	url     string
	session string
	seq     uint64
}

// answer is what the room's routes answer with.
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

// poll waits for what comes next, and returns what was said of it.
func (m *pollster) poll() (said []string, err error) {
	a, err := m.ask(m.Get(fmt.Sprintf("%spoll?session=%s&since=%d", m.url, m.session, m.seq)))
	for _, heard := range a.Messages {
		if heard.Type == "said" {
			said = append(said, heard.Text)
		}
	}
	return said, err
}

// Of so many members the kernel gives each loop some, if perhaps not in every run.
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
		t.Fatalf("want to be heard, got %v, %v", r, err)
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
			t.Errorf("a poll at shutdown: %v", err)
		}
	}
	if code := p.Wait(); code != 0 || strings.Contains(p.Log(), "cut off") {
		t.Errorf("want a quiet end, got status %d and the log\n%s", code, p.Log())
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
			return fmt.Errorf("want one hello, got %q", said)
		}
	}
}
