package compare

import (
	"html"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The verdict claims only differences that the rounds support.
func TestTheVerdictClaimsOnlyWhatIsSupported(t *testing.T) {
	for _, c := range []struct {
		rounds int
		want   string
	}{
		{7, "a <case> idle=0: pollserv needs 1.20 times the CPU time of epollserv for a message (in the middle half of " +
			"the rounds: 1.20 to 1.20 times); these rounds don't show that epollserv differs from same."},
		{3, "a <case> idle=0: these rounds don't show that epollserv differs from pollserv or same."},
	} {
		r := report(c.rounds)
		r.Tables = r.Tables[:1]
		if d := cmp.Diff([]string{c.want}, r.Verdict()); d != "" {
			t.Errorf("%d rounds (-want +got):\n%s", c.rounds, d)
		}
	}
}

func TestThePageBeginsWithItsVerdictAndExplainsItsColumns(t *testing.T) {
	for _, axis := range []string{"", "idle"} {
		r := report(7)
		r.Axis = axis
		var b strings.Builder
		if err := r.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		page := html.UnescapeString(b.String())
		verdict, chart := strings.Index(page, "pollserv needs 1.20 times"), strings.Index(page, "<svg")
		if verdict < 0 || verdict > chart {
			t.Errorf("axis %q: the verdict is at %d, and the first chart at %d", axis, verdict, chart)
		}
		for _, c := range columns {
			if c.about == "" || !strings.Contains(page, "<dt>"+c.head+"</dt>") {
				t.Errorf("axis %q: the column %q isn't explained", axis, c.head)
			}
		}
		if axis == "idle" && !strings.Contains(page, ", by number of idle connections</h1>") {
			t.Error("the title doesn't name the axis in words")
		}
		if strings.Contains(page, "µs per message<") {
			t.Error("an axis has a sign instead of a word")
		}
	}
	one := report(7)
	for i := range one.Tables {
		one.Tables[i].Rows = one.Tables[i].Rows[:1]
	}
	var b strings.Builder
	if err := one.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "There are too few measurements to compare servers.") {
		t.Error("the page compares a single server")
	}
}
