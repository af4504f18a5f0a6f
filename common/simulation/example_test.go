package simulation_test

import (
	"fmt"
	"strings"

	"threeloops/common/simulation"
)

// A seed is the text of a scenario. The same seed is always the same text.
func ExampleGenerate() {
	text := simulation.Generate("pollserv", 7, nil)
	fmt.Println(strings.HasPrefix(text, "seed 7\n"), text == simulation.Generate("pollserv", 7, nil))
	// Output: true true
}
