package processtest

import (
	"fmt"
	"testing"
	"time"
)

// testTimeout is how long a condition may take to become true on a busy machine.
const testTimeout = 20 * time.Second

// eventually waits until condition returns nil. If that takes longer than testTimeout, it fails the
// test with condition's last error.
func eventually(t testing.TB, condition func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(testTimeout); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = condition(); err == nil {
			return
		}
	}
	t.Fatalf("%v, even after %v", err, testTimeout)
}

// must fails the test immediately if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// equal returns an error unless got is want.
func equal[V comparable](what string, got, want V) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}
