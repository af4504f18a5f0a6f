//go:build sim

package main

import (
	"testing"

	"threeloops/common/simtest"
)

var simulated = simtest.Target{Name: "forkserv", Main: main}

func TestRoom(t *testing.T)       { simtest.Room(t, simulated) }
func TestSameTrace(t *testing.T)  { simtest.Deterministic(t, simulated) }
func TestFlatMemory(t *testing.T) { simtest.FlatMemory(t, simulated) }
func TestTimeouts(t *testing.T)   { simtest.Timeouts(t, simulated) }
func TestFaults(t *testing.T)     { simtest.Faults(t, simulated) }

var simulatedPrefork = simtest.Target{Name: "forkserv", Main: main, Flags: []string{"-prefork=3"}}

func TestRoomPrefork(t *testing.T)       { simtest.Room(t, simulatedPrefork) }
func TestSameTracePrefork(t *testing.T)  { simtest.Deterministic(t, simulatedPrefork) }
func TestFlatMemoryPrefork(t *testing.T) { simtest.FlatMemory(t, simulatedPrefork) }
func TestTimeoutsPrefork(t *testing.T)   { simtest.Timeouts(t, simulatedPrefork) }
func TestFaultsPrefork(t *testing.T)     { simtest.Faults(t, simulatedPrefork) }

func TestForks(t *testing.T) { simtest.Forks(t, simulated) }
