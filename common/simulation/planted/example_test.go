package planted_test

import (
	"fmt"

	"threeloops/common/simulation/planted"
)

func Example() {
	f, err := planted.Parse("never-waits", `The loop doesn't sleep.
servers pollserv epollserv

file common/conn/wait.go
old:
return sys.Forever
new:
return 0
`)
	fmt.Println(f.About, f.Servers, len(f.Edits), err)
	// Output: The loop doesn't sleep. [pollserv epollserv] 1 <nil>
}
