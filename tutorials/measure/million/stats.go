package million

import (
	"context"
	"net/http"

	"threeloops/tutorials/measure/compare"
)

// server is the server to which the crowd connects.
type server struct {
	Target
	client *http.Client
}

func newServer(t Target) *server { return &server{t, compare.NewStatsClient()} }

func (s *server) stats(ctx context.Context) (compare.Stats, error) {
	return compare.AskStats(ctx, s.client, "http://"+s.Addr.String())
}

// fullest returns the loop that has the most connections, and how many it has.
func fullest(slots []compare.Slot) (loop, conns int) {
	for i, s := range slots {
		if n := s.Open(); n > conns {
			loop, conns = i, n
		}
	}
	return loop, conns
}
