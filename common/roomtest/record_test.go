package roomtest_test

import (
	"testing"

	"threeloops/common/roomtest"
)

// A member that polls may be told a number up to which nobody has heard anything: of an entry that concerns
// others, or of the operator's notices.
func TestNumbersThatNobodyHasHeard(t *testing.T) {
	record := roomtest.New()
	record.Unnumbered = true
	ann := roomtest.NewMembership("Ann")
	if _, err := ann.ReceiveGreeting(record, []byte(`{"type":"joined","seq":1,"name":"Ann"}`)); err != nil {
		t.Fatal(err)
	}
	record.Add(&ann)
	record.Add(&roomtest.Membership{Name: "Bob", First: 6, Last: 9, Sent: -1})
	if faults := record.CheckMemberships(1); len(faults) > 0 {
		t.Errorf("want no fault, got %q", faults)
	}
	record.Unnumbered = false
	if faults := record.CheckMemberships(1); len(faults) != 1 {
		t.Errorf("want a fault, got %q", faults)
	}
}
