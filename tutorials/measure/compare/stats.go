package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Stats is what a server of ours says about itself at /stats.
type Stats struct {
	Connections int    // that are open
	Connection  uint64 // number of the connection that asked
	Totals      counters
	Slots       []Slot // one for each loop
}

// Slot has the counters of a loop.
type Slot struct{ Slot, Accepted, Closed int }

// Open is how many connections a loop has.
func (s *Slot) Open() int { return s.Accepted - s.Closed }

// NewStatsClient returns a client for AskStats. It keeps one connection open, so that a second question
// opens none. A loop that is full would not accept it.
func NewStatsClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
}

// AskStats asks the server at url, which has no slash at its end.
func AskStats(ctx context.Context, client *http.Client, url string) (s Stats, err error) {
	url += "/stats"
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return s, err
	}
	res, err := client.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body) // to the end, because otherwise the connection can't be used again
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", url, err)
	}
	return s, nil
}
