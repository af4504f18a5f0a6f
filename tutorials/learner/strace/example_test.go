package strace_test

import (
	"fmt"
	"strings"

	"threeloops/tutorials/learner/strace"
)

func Example() {
	const output = `812 1796051415.534587 recvfrom(4<TCP:[127.0.0.1:8001->127.0.0.1:46232]>, "\x6f\x6e\x65", 100) = 3 <0.000114>`
	all, _ := strace.NewReader(strings.NewReader(output)).All()
	for _, r := range all {
		fmt.Println(r.Name, r.Arg(0).Fd.Num, r.Arg(0).Fd.Remote, r.Arg(1).Text(60), r.Return.Value, r.Waited())
	}
	// Output: recvfrom 4 127.0.0.1:46232 "one" 3 114µs
}
