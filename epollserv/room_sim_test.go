//go:build sim

package main

import (
	"testing"

	"threeloops/common/simtest"
)

var simulated = simtest.Target{Name: "epollserv", Main: main}

func TestRoom(t *testing.T)       { simtest.Room(t, simulated) }
func TestSameTrace(t *testing.T)  { simtest.Deterministic(t, simulated) }
func TestFlatMemory(t *testing.T) { simtest.FlatMemory(t, simulated) }
func TestTimeouts(t *testing.T)   { simtest.Timeouts(t, simulated) }
func TestFaults(t *testing.T)     { simtest.Faults(t, simulated) }

var simulatedLoops = simtest.Target{Name: "epollserv", Main: main, Flags: []string{"-loops=3"}}

func TestRoomLoops(t *testing.T)       { simtest.Room(t, simulatedLoops) }
func TestSameTraceLoops(t *testing.T)  { simtest.Deterministic(t, simulatedLoops) }
func TestFlatMemoryLoops(t *testing.T) { simtest.FlatMemory(t, simulatedLoops) }
func TestTimeoutsLoops(t *testing.T)   { simtest.Timeouts(t, simulatedLoops) }
func TestFaultsLoops(t *testing.T)     { simtest.Faults(t, simulatedLoops) }
