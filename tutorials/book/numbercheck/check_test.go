//go:build linux

package numbercheck

import (
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/book/transcript"
)

func TestNarrow(t *testing.T) {
	for want, narrow := range map[string]bool{
		"a / b >= 5": false, "a / b >= 4.9": true, "a / b <= 0.2": false, "a / b <= 0.5": true, "a <= 0": true,
		"a = 3": false, "a / b 50..5000": false, "a / b 50..70": true, "a 0..3": true, "a / b 2..50": false,
	} {
		for _, words := range [][]string{nil, {"counts"}} {
			c, err := Parse("A sentence.\na = echo 1\nb = echo 1\nwant "+want+"\n", 1, words)
			if err != nil {
				t.Errorf("%s: %v", want, err)
				continue
			}
			if c.Narrow() != (narrow && words == nil) {
				t.Errorf("%s %v is narrow: %v", want, words, c.Narrow())
			}
		}
	}
}

func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  float64
		holds bool
		err   string
	}{
		{"a = echo 3\nwant a = 3", 3, true, ""},
		{"a = echo 3\nwant a = 4", 3, false, ""},
		{"a = echo 4,500 µs\nb = echo 4.5us\nwant a / b >= 999", 1000, true, ""},
		{"a = echo 44 ms\nb = echo 2s\nwant a / b <= 0.02", 0.022, false, ""},
		{"a = echo 44 ms\nwant a 0.03..0.06", 0.044, true, ""},
		{"a = echo 44 ms\nwant a 1..2", 0.044, false, ""},
		{"a = echo 3 4\nwant a = 3", 0, false, `"echo 3 4": it printed "3 4", want one number`},
		{"a = exit 1\nwant a = 3", 0, false, `"exit 1": exit status 1: `},
		{"a = echo 3; echo no page >&2; exit 1\nwant a = 3", 0, false,
			"\"echo 3; echo no page >&2; exit 1\": exit status 1: 3\nno page"},
		{"a = echo opening: 1 of 2 >&2; echo 3\nwant a = 3", 3, true, ""},
		{"a = echo 3\nb = echo 0\nwant a / b >= 3", 0, false, "b is 0"},
	} {
		k, err := Parse("A sentence.\n"+c.text+"\n", 1, nil)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := k.Measure(t.Context(), &transcript.Stage{Repository: t.TempDir(), Limit: time.Minute})
		if c.err != "" {
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: the error is %v, want %s", c.text, err, c.err)
			}
			continue
		}
		if err != nil || got < c.want*0.999 || got > c.want*1.001 || k.Want.Holds(got) != c.holds {
			t.Errorf("%s gives %v (%v), which holds: %v; want %v", c.text, got, err, k.Want.Holds(got), c.want)
		}
	}
}

func TestBadChecks(t *testing.T) {
	for text, want := range map[string]string{
		"a = echo 1\nwant a = 1\n":          "a check must begin with a sentence that says what it claims",
		"So.\na = echo 1\n":                 "a check must have a line “want ...”",
		"So.\na = echo 1\nwant b = 1\n":     "the check wants b, but no command has that name",
		"So.\na = echo 1\nwant a / b = 1\n": "the check wants b, but no command has that name",
		"So.\na = echo 1\nwant a ~ 1\n": `a want must have a form like "a >= 3" or "a / b 50..60", not ` +
			`"a ~ 1"`,
		"So.\na = echo 1\nwant a 5..3\n":       `the numbers of this want make no sense: "a 5..3"`,
		"So.\na = echo 1\nwant a = 1\nmore.\n": `a line of a check must be a command, a want or an ours, not "more."`,
	} {
		if _, err := Parse(text, 1, nil); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
	if _, err := Parse("So.\n", 1, []string{"x"}); err == nil || !strings.Contains(err.Error(), `unknown word "x"`) {
		t.Errorf("an unknown word gives %v", err)
	}
}

func TestRecorded(t *testing.T) {
	const text = "A sentence\nof two lines.\na = echo 1\nwant a = 1\n"
	c, err := Parse(text+"ours 2\n", 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Recorded("1")
	if got != text+"ours 1\n" || c.Sentence != "A sentence of two lines." || c.Ours != "2" {
		t.Errorf("recorded as %q; parsed as %+v", got, c)
	}
}

func TestNumbersAreForPeople(t *testing.T) {
	for _, c := range []struct{ words, recorded, want string }{
		{"", "1.687e+04 on a machine", "16,900 on a machine"},
		{"", "16,900 on a machine", "16,900 on a machine"},
		{"", "52.49", "52.5"}, {"", "628", "628"}, {"", "7449", "7,450"}, {"", "0.7597", "0.76"}, {"", "35", "35"},
		{"", "0.0001234", "0.000123"}, {"", "-1234567", "-1,230,000"}, {"", "999.6", "1,000"}, {"", "100", "100"},
		{"counts", "1000", "1,000"}, {"counts", "619760", "619,760"}, {"counts", "3.001", "3"},
		{"counts", "1.333", "1.33"}, {"counts", "0", "0"}, {"", "unknown", "unknown"},
	} {
		k, err := Parse("A sentence.\na = echo 1\nwant a = 1\nours "+c.recorded+"\n", 1, strings.Fields(c.words))
		if err != nil {
			t.Errorf("%s: %v", c.recorded, err)
			continue
		}
		if k.Ours != c.want {
			t.Errorf("%s %s is shown as %q, want %q", c.words, c.recorded, k.Ours, c.want)
		}
	}
}
