package http1

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An earlier request must never change the result of a later one. The later one may have the same
// fields after another request line, or fields that begin in the same way.
func TestTheFieldCacheNeverChangesTheResult(t *testing.T) {
	var heads [][]byte
	add := func(in string) {
		heads = append(heads, []byte(in))
		if _, fields, ok := strings.Cut(in, "\r\n"); ok {
			for _, line := range []string{
				"GET / HTTP/1.1", "GET /another/path?x HTTP/1.0", "POST http://other/%41 HTTP/1.1", "OPTIONS * HTTP/1.1",
			} {
				heads = append(heads, []byte(line+"\r\n"+fields))
			}
		}
	}
	for _, c := range refused {
		add(c.in)
	}
	for _, c := range accepted {
		add(c.in)
	}
	add(string(browser))
	add(string(minimal))
	tight := Limits{Head: 60, Body: 4}
	for i, before := range heads {
		// The neighbours in heads are variants of the same head. The two others are from
		// elsewhere in the list.
		near := heads[max(0, i-5):min(len(heads), i+6)]
		for _, p := range append(slices.Clone(near), heads[i*7%len(heads)], heads[i*11%len(heads)]) {
			for _, l := range []Limits{{}, tight} {
				var r Reader
				readBy(t, &r, Limits{}, before)
				if diff := cmp.Diff(read(t, l, p), readBy(t, &r, l, p)); diff != "" {
					t.Fatalf("%q after %q (+) differs from the same request alone (-):\n%s", p, before, diff)
				}
				if diff := cmp.Diff(read(t, l, before), readBy(t, &r, l, before)); diff != "" {
					t.Fatalf("%q after itself and %q (+) differs from the same request alone (-):\n%s", before, p, diff)
				}
			}
		}
	}
}

func TestRepeatedFieldsComeFromTheCache(t *testing.T) {
	var r Reader
	whole(t, &r, browser)
	for _, c := range []struct {
		title string
		in    []byte
		want  bool
	}{
		{"the same request", browser, true},
		{"another target", bytes.Replace(browser, []byte("/_/echo"), []byte("/"), 1), true},
		{"another field", bytes.Replace(browser, []byte("en-GB"), []byte("fr-FR"), 1), false},
		{"the first fields again, which are no longer cached", browser, false},
	} {
		known := append([]byte(nil), r.block...)
		whole(t, &r, c.in)
		if got := bytes.Equal(known, r.block); got != c.want {
			t.Errorf("%s: fields come from the cache: %v, want %v", c.title, got, c.want)
		}
	}
	r.Reset(Limits{})
	r.Next([]byte("GET / HTTP/1.1\r\nHost: a\r\na: " + strings.Repeat("x", maxCachedBytes) + "\r\n\r\n"))
	if len(r.block) > 0 || cap(r.block) > 2*maxCachedBytes {
		t.Errorf("fields above the limit are cached, in %d bytes", cap(r.block))
	}
}

// BenchmarkAnotherBrowserGet is BenchmarkBrowserGet without cache hits: no two requests in a row
// have the same fields.
func BenchmarkAnotherBrowserGet(b *testing.B) {
	var r Reader
	other := bytes.Replace(browser, []byte("en-GB"), []byte("fr-FR"), 1)
	b.SetBytes(int64(2 * len(browser)))
	for b.Loop() {
		whole(b, &r, browser)
		whole(b, &r, other)
	}
}
