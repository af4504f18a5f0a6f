package simulation

import (
	"errors"
	"testing"
)

// A try that fails is not the last one.
func TestAClientMayBeLateTwice(t *testing.T) {
	want := map[string]int{"requests": 1}
	for _, c := range []struct {
		about string
		tries []any // what each time gives: a count, or an error
		diff  bool
	}{
		{"right", []any{1}, false},
		{"late twice", []any{errors.New("two children are left"), 0, 1}, false},
		{"always wrong", []any{0, errors.New("two children are left"), 0}, true},
		{"always too late", []any{0, 0, errors.New("two children are left")}, true},
	} {
		n := 0
		diff := differsThrice(want, func() (map[string]int, error) {
			n++
			if err, ok := c.tries[n-1].(error); ok {
				return nil, err
			}
			return map[string]int{"requests": c.tries[n-1].(int)}, nil
		})
		if (diff != "") != c.diff || n != len(c.tries) {
			t.Errorf("%s: after %d tries the difference is %q", c.about, n, diff)
		}
	}
}
