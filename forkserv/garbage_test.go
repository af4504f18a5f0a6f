//go:build !race && !sim

// The race detector takes memory of its own, so this test doesn't run with it.

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"threeloops/common/processtest"
)

// anonymous is how many bytes of RAM a process has of its own (RssAnon of proc(5)).
func anonymous(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`RssAnon:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no RssAnon in /proc/%d/status", pid)
	}
	n, _ := strconv.Atoi(string(found[1]))
	return n << 10
}

func TestGarbageOfChildrenIsBounded(t *testing.T) {
	const clients, most = 100, 4 << 20
	requests := 1000
	if testing.Short() {
		requests = 100
	}
	p := processtest.Launch(t)
	var all []*client
	for range clients {
		c := dial(t, p)
		c.get(t, 200)
		all = append(all, c)
	}
	idle := map[int]int{}
	for _, pid := range children(p) {
		idle[pid] = anonymous(t, pid)
	}
	var wg sync.WaitGroup
	for _, c := range all {
		c.SetDeadline(time.Now().Add(5 * time.Minute))
		wg.Go(func() {
			for range requests {
				io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
				r, err := http.ReadResponse(c.in, nil)
				if err == nil {
					_, err = io.Copy(io.Discard, r.Body)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	sum, largest := 0, 0
	for pid, before := range idle {
		grown := anonymous(t, pid) - before
		sum, largest = sum+grown, max(largest, grown)
	}
	t.Logf("%d children have grown by %d KiB after %d requests each, the largest by %d KiB",
		len(idle), sum>>10, requests, largest>>10)
	if len(idle) != clients || largest > most {
		t.Errorf("there are %d children, and one has grown by %d bytes; want %d children, and at most %d bytes",
			len(idle), largest, clients, most)
	}
}
