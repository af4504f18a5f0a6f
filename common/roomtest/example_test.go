package roomtest_test

import (
	"fmt"

	"threeloops/common/roomtest"
)

// Two members receive different texts under the same number.
func Example() {
	record := roomtest.New()
	ann, bob := roomtest.NewMembership("Ann"), roomtest.NewMembership("Bob")
	_, err := ann.Receive(record, []byte(`{"type":"said","seq":7,"name":"Ann","text":"0 0"}`))
	fmt.Println(err)
	_, err = bob.Receive(record, []byte(`{"type":"said","seq":7,"name":"Bob","text":"0 0"}`))
	fmt.Println(err)
	// Output:
	// <nil>
	// number 7: want what others have heard, a said by Ann, got {"type":"said","seq":7,"name":"Bob","text":"0 0"}
}
