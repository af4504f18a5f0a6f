//go:build !sim

package main

import (
	"testing"

	"threeloops/common/conformance"
	"threeloops/common/processtest"
	"threeloops/common/simulation"
)

func TestMain(m *testing.M) { processtest.Main(m, main) }

func TestConformance(t *testing.T) { conformance.Run(t, conformance.Exec("pollserv")) }

func TestGalleryOnLinux(t *testing.T) { simulation.GalleryOnLinux(t, "pollserv") }
