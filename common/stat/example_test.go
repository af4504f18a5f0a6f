package stat_test

import (
	"fmt"

	"threeloops/common/stat"
)

// Two loops count without a lock, each in its own slot. When one of them is gone, its counts are
// kept.
func Example() {
	board := make(stat.Board, 2)
	board[0].Set(stat.Pid, 4711)
	board[0].Add(stat.MessagesIn, 5)
	board[1].Set(stat.Pid, 4712)
	board[1].Add(stat.MessagesIn, 2)
	fmt.Println(stat.MessagesIn, board.Sum(stat.MessagesIn))

	board.Retire(1, 0)
	fmt.Println(stat.MessagesIn, board.Sum(stat.MessagesIn), "of process", board[0].Get(stat.Pid))
	// Output:
	// messages_in 7
	// messages_in 7 of process 4711
}

// The number of system calls per message is measured where the calls are made.
func ExampleSlot_Get() {
	var s stat.Slot
	for range 1000 { // messages, 20 in each iteration
		s.Add(stat.SysRead, 1)
		s.Add(stat.SysWrite, 1)
		s.Add(stat.MessagesIn, 1)
	}
	s.Add(stat.SysWait, 50)
	calls := s.Get(stat.SysRead) + s.Get(stat.SysWrite) + s.Get(stat.SysWait)
	fmt.Printf("%.2f system calls per message\n", float64(calls)/float64(s.Get(stat.MessagesIn)))
	// Output: 2.05 system calls per message
}
