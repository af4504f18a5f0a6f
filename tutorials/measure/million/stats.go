package million

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// server is the server to which the crowd connects.
type server struct {
	Target
	client *http.Client
}

// newServer returns a client of the server's /stats. It keeps one connection open, because a loop that
// is full accepts no other.
func newServer(t Target) *server {
	return &server{t, &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}}
}

// stats is the part of /stats that matters here.
type stats struct {
	Connections int
	Slots       []struct{ Accepted, Closed, Refused int }
}

func (s *server) stats(ctx context.Context) (st stats, err error) {
	url := "http://" + s.Addr.String() + "/stats"
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return st, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body) // to the end, so that the connection can be used again
	if err != nil {
		return st, err
	}
	if err := json.Unmarshal(body, &st); err != nil {
		return st, fmt.Errorf("%s: %w", url, err)
	}
	return st, nil
}

// open is how many connections a slot of the server has.
func (st *stats) open(i int) int { return st.Slots[i].Accepted - st.Slots[i].Closed }

// fullest returns the loop that has the most connections, and how many it has.
func (st *stats) fullest() (loop, conns int) {
	for i := range st.Slots {
		if n := st.open(i); n > conns {
			loop, conns = i, n
		}
	}
	return loop, conns
}
