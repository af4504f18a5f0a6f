package ws

import (
	"slices"
	"strings"
	"testing"
)

// accept returns the response to an offer in fields: "" if none is accepted, or "malformed".
func accept(takeover bool, fields ...string) string {
	var lines [][]byte
	for _, f := range fields {
		lines = append(lines, []byte(f))
	}
	d, ok := AcceptDeflate(slices.Values(lines), takeover)
	switch {
	case !ok:
		return "malformed"
	case !d.On:
		return ""
	}
	return string(d.AppendResponse(nil))
}

// The traces of package conformance test the rules one by one. These cases combine rules.
func TestOffers(t *testing.T) {
	const yes = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, c := range []struct {
		about  string
		fields []string
		want   string
	}{
		{"no field", nil, ""},
		{"an offer", []string{"permessage-deflate"}, yes},
		{"an empty field beside an offer", []string{"", "permessage-deflate"}, yes},
		{"two empty fields", []string{"", ""}, "malformed"},
		{"the second of three offers", []string{"x", "permessage-deflate;server_max_window_bits=9,permessage-deflate"},
			yes + "; server_max_window_bits=9"},
		{"a malformed offer after one that is accepted", []string{"permessage-deflate", "a;"}, "malformed"},
		{"a malformed offer of another extension", []string{"x; y=\"", "permessage-deflate"}, "malformed"},
		{"a quoted value", []string{`permessage-deflate; server_max_window_bits="1\5"`}, yes + "; server_max_window_bits=15"},
		{"a backslash at the end", []string{`permessage-deflate; a="1\`}, "malformed"},
		{"a parameter of another extension", []string{"x; client_max_window_bits, permessage-deflate"}, yes},
		{"a byte above 127", []string{"permessage-deflate; \xc3\xa4"}, "malformed"},
		{"a parameter twice, once with an invalid value", []string{
			"permessage-deflate; server_max_window_bits=9; server_max_window_bits=x"}, ""},
	} {
		if got := accept(false, c.fields...); got != c.want {
			t.Errorf("%s: want %q, got %q", c.about, c.want, got)
		}
	}
}

func TestTakeover(t *testing.T) {
	const kept = "permessage-deflate; server_no_context_takeover"
	for offer, want := range map[string]string{
		"permessage-deflate":                             kept,
		"permessage-deflate; server_no_context_takeover": kept,
		"permessage-deflate; client_no_context_takeover": kept + "; client_no_context_takeover",
		"permessage-deflate; client_max_window_bits=10":  kept,
		"permessage-deflate; server_max_window_bits=10":  kept + "; server_max_window_bits=10",
	} {
		if got := accept(true, offer); got != want {
			t.Errorf("%s: want %q, got %q", offer, want, got)
		}
	}
}

// A list may be cut at its commas into any number of fields, and padded with white space and empty
// members.
func FuzzOffersSplit(f *testing.F) {
	for _, s := range []string{
		"permessage-deflate; client_max_window_bits, permessage-deflate",
		`x; a="1,2", permessage-deflate; server_max_window_bits="10"`,
		"permessage-deflate; server_max_window_bits=8; server_no_context_takeover",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		want := accept(false, list)
		if strings.Contains(list, `"`) && want == "malformed" {
			return // a comma inside quotes is not between two members
		}
		for _, same := range [][]string{
			strings.Split(list, ","),
			{strings.ReplaceAll(list, ",", " ,\t, ")},
			{list, ""},
		} {
			if got := accept(false, same...); got != want {
				t.Errorf("%q: want %q as for %q, got %q", same, want, list, got)
			}
		}
		if want == "" || want == "malformed" {
			return
		}
		if !strings.HasPrefix(want, "permessage-deflate; server_no_context_takeover") ||
			strings.Contains(want, "server_max_window_bits") && !strings.Contains(list, "server_max_window_bits") {
			t.Errorf("%q is accepted with %q", list, want)
		}
	})
}
