package compare

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

func TestTheLooksAtStatsShareAConnection(t *testing.T) {
	var opened, asked atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"totals":{"requests":%d}}`, asked.Add(1))
	}))
	closed := make(chan struct{}, 1)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed <- struct{}{}
		}
	}
	s.Start()
	defer s.Close()
	m := meter{running: &running{Target: &Target{ours: true}, url: s.URL}, statsClient: NewStatsClient()}
	for i := range uint64(2) {
		switch got, err := m.counters(); {
		case err != nil:
			t.Fatal(err)
		case got["requests"] != i+1:
			t.Errorf("read %d of /stats has %d requests", i+1, got["requests"])
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("two reads of /stats took %d connections, want 1", n)
	}
	m.statsClient.CloseIdleConnections()
	<-closed // otherwise the server's shutdown would wait for this connection
}
