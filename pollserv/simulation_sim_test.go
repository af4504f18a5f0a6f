//go:build sim

package main

import (
	"testing"

	"threeloops/common/simulation"
)

var options = simulation.Flags()

func TestScenarios(t *testing.T)  { simulation.Scenarios(t, simulated) }
func TestGallery(t *testing.T)    { simulation.Gallery(t, simulated) }
func TestSimulation(t *testing.T) { simulation.Test(t, simulated, options) }
