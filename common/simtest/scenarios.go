package simtest

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"threeloops/common/sim"
)

// scenariosVariable in the environment is how many scenarios FlatMemory plays.
const scenariosVariable = "THREELOOPS_SCENARIOS"

// How many scenarios are played if the environment names no number, and before memory is measured
// for the first time.
const (
	scenarios      = 1000
	firstScenarios = 100
)

// small is a scenario in which everything happens that a server keeps something for: requests,
// WebSockets, members of the room, resets, and a client that is there at the end.
const small = `
preempt 3
at 0s    A connects
at 0s    B1..B3 connect
at 1ms   A sends "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: loc"
at 2ms   B1..B2 send "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
at 3ms   B1 sends "\x81\x9a\x00\x00\x00\x00{\"type\":\"join\",\"name\":\"b\"}"
at 4ms   B1 sends "\x81\x99\x00\x00\x00\x00{\"type\":\"say\",\"text\":\"x\"}"
at 5ms   A sends "alhost\r\n\r\n"
at 5ms   B3 sends "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\n"
at 6ms   B3 sends 80000 bytes
at 7ms   B2 resets
at 8ms   B3 shuts down
at 20s   A closes
at 21s   SIGTERM
`

// FlatMemory plays many small scenarios, one after the other. The memory that is in use must not grow
// after the first ones, and no goroutine may be left.
func FlatMemory(t *testing.T, target Target) {
	n := numberFrom(t, scenariosVariable, scenarios)
	s, err := sim.ParseScenario(small)
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	early, steps, start := uint64(0), 0, time.Now()
	for i := range n {
		if i == firstScenarios {
			early = liveHeap()
		}
		s.Seed = uint64(i + 1)
		steps += target.playScenario(t, s)
	}
	late := liveHeap()
	t.Logf("%d scenarios, %d steps in %v: %d KiB in use after the first %d, %d KiB at the end",
		n, steps, time.Since(start).Round(time.Millisecond), early>>10, firstScenarios, late>>10)
	if n > firstScenarios && late > early+early/5 {
		t.Errorf("memory in use: %d KiB after %d scenarios, want at most 1.2 times the %d KiB after the first %d",
			late>>10, n, early>>10, firstScenarios)
	}
	if got := runtime.NumGoroutine(); got > goroutines {
		t.Errorf("%d goroutines after %d scenarios, want %d as before", got, n, goroutines)
	}
}

// playScenario plays a scenario, and returns the number of its steps. Every other time it ends the
// kernel while the server still has clients.
func (target Target) playScenario(t *testing.T, s *sim.Scenario) (steps int) {
	t.Helper()
	w := s.Play(sim.Config{}, sim.Program{Main: target.Main, Args: slices.Concat([]string{target.Name}, target.Flags)})
	defer w.Close()
	if s.Seed%2 == 1 {
		w.Run(10*time.Second, mostSteps)
		return w.Steps()
	}
	if !w.Run(10*time.Minute, mostSteps) {
		t.Fatalf("seed %d: the server still runs after %d steps", s.Seed, mostSteps)
	}
	if status, ended := w.Server.Ended(); !ended || status.ExitStatus() != 0 || len(w.Kernel.Panics()) > 0 {
		t.Fatalf("seed %d: the server has ended: %t, with status %d\n%v\n%s",
			s.Seed, ended, status.ExitStatus(), w.Kernel.Panics(), w.Server.Err)
	}
	return w.Steps()
}

// liveHeap is how many bytes of memory are in use.
func liveHeap() uint64 {
	var m runtime.MemStats
	for range 2 { // the second collection frees what finalizers have kept
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
