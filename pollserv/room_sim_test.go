//go:build sim

package main

import (
	"testing"

	"threeloops/common/simtest"
)

var simulated = simtest.Target{Name: "pollserv", Main: main}

func TestRoom(t *testing.T)       { simtest.Room(t, simulated) }
func TestSameTrace(t *testing.T)  { simtest.Deterministic(t, simulated) }
func TestFlatMemory(t *testing.T) { simtest.FlatMemory(t, simulated) }
func TestTimeouts(t *testing.T)   { simtest.Timeouts(t, simulated) }
func TestFaults(t *testing.T)     { simtest.Faults(t, simulated) }
