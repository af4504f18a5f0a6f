package sim_test

import (
	"fmt"
	"time"

	"threeloops/common/sim"
)

// A program sleeps for an hour, which takes no real time.
func Example() {
	k := sim.New(sim.Config{})
	defer k.Close()
	p := k.Start(sim.Program{Args: []string{"sleeper"}, Main: func() {
		self := sim.Current()
		before := self.Now()
		self.Sleep(time.Hour)
		self.Write(1, fmt.Appendln(nil, "slept for", self.Now().Sub(before)))
	}})
	k.Run(2 * time.Hour)
	fmt.Print(p.Out)
	// Output: slept for 1h0m0s
}
