package hub

import "testing"

func TestNamesThatDifferInCaseAloneAreTheSame(t *testing.T) {
	for _, pair := range [][2]string{
		{"Weiß", "WEISS"}, {"STRAẞE", "straße"}, {"ﬁn", "FIN"}, {"Νίκος", "ΝΊΚΟΣ"}, {"ǰ", "J\u030c"}, {"k", "\u212a"},
	} {
		if a, b := appendFolded(nil, pair[0]), appendFolded(nil, pair[1]); string(a) != string(b) {
			t.Errorf("%s and %s are different names: %q, %q", pair[0], pair[1], a, b)
		}
	}
	if string(appendFolded(nil, "Ann")) == string(appendFolded(nil, "Anna")) {
		t.Error("Ann and Anna are the same name")
	}
	for i := 1; i < len(foldings); i++ {
		if foldings[i-1].from >= foldings[i].from {
			t.Errorf("%U does not come before %U", foldings[i-1].from, foldings[i].from)
		}
	}
}
