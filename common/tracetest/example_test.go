package tracetest_test

import (
	"fmt"

	"threeloops/common/app"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// A trace is parsed once and played in many cuttings.
func Example() {
	trace, err := tracetest.Parse("close.trace", `# RFC 6455 5.5.1: a Close of one byte is a protocol error
open /echo
> 88 81 00 00 00 00 03
< close 1002
< fin
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	core := tracetest.Core{New: func(flags []string) (*session.Config, error) {
		board := make(stat.Board, 1)
		cfg := &session.Config{App: app.New(app.Options{Board: board}), Stat: &board[0]}
		_, err := tracetest.Configure(cfg, flags)
		return cfg, err
	}}
	failed := 0
	for _, cut := range tracetest.Cuttings(100) {
		if _, err := core.Play(trace, cut); err != nil {
			failed++
		}
	}
	fmt.Println(trace.Title)
	fmt.Println("failed:", failed)
	// Output:
	// RFC 6455 5.5.1: a Close of one byte is a protocol error
	// failed: 0
}
