package ws_test

import (
	"testing"
	"unicode/utf8"

	"threeloops/common/ws"
)

// goesOn reports whether p is the beginning of some valid text. It asks unicode/utf8, character by
// character.
func goesOn(p []byte) bool {
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(p)
		}
		p = p[size:]
	}
	return true
}

// feed gives p to a new UTF8 in pieces of the sizes in cuts, and the rest in one piece. It returns
// how many bytes were in pieces that are valid.
func feed(p []byte, cuts []byte) (u ws.UTF8, taken int) {
	for taken < len(p) {
		n := len(p) - taken
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])), cuts[1:]
		}
		if !u.Valid(p[taken : taken+n]) {
			return u, taken
		}
		taken += n
	}
	return u, taken
}

func ones(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 1
	}
	return p
}

func checkUTF8(t *testing.T, p []byte, cuts []byte) {
	t.Helper()
	u, taken := feed(p, cuts)
	if got, want := taken == len(p), goesOn(p); got != want {
		t.Fatalf("% x cut by %v: Valid accepts all bytes: %t, want %t", p, cuts, got, want)
	}
	if got, want := taken == len(p) && u.Complete(), utf8.Valid(p); got != want {
		t.Fatalf("% x cut by %v: valid and complete %t, want %t", p, cuts, got, want)
	}
	if _, taken := feed(p, ones(len(p))); !goesOn(p[:taken]) || taken < len(p) && goesOn(p[:taken+1]) {
		t.Fatalf("% x byte by byte: refused at byte %d, which isn't the first invalid one", p, taken)
	}
	if taken == len(p) {
		return
	}
	if u.Valid([]byte("a")) || u.Valid([]byte{0x80}) || u.Valid([]byte("ä")) || u.Complete() {
		t.Fatalf("% x cut by %v: Valid accepts further bytes after an invalid one", p, cuts)
	}
}

// The test tries all strings of two bytes, and after each the first and last bytes of every range
// in RFC 3629 section 4.
func TestUTF8AgreesWithUnicodeAtEveryEdge(t *testing.T) {
	edges := []byte{0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xED, 0xF4, 0xFF}
	for a := range 256 {
		for b := range 256 {
			for _, c := range edges {
				p := []byte{byte(a), byte(b), c, 0xBF}
				checkUTF8(t, p[:2], nil)
				checkUTF8(t, p[:3], nil)
				checkUTF8(t, p, nil)
				checkUTF8(t, p, []byte{2, 0, 1})
			}
		}
	}
}

func TestUTF8HasNoMemoryBetweenCharacters(t *testing.T) {
	for _, text := range []string{"", "a", "ä", "世", "🂡", "aä世🂡"} {
		for n := range len(text) + 1 {
			u, _ := feed([]byte(text), []byte{byte(n)})
			if u != (ws.UTF8{}) {
				t.Errorf("%q cut at %d leaves %+v, want the zero value", text, n, u)
			}
		}
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"), []byte{3, 7, 1})
	f.Add([]byte("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80"), []byte{1, 2})
	f.Add([]byte("\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80edited"), []byte{})
	f.Add([]byte("a long enough run of ASCII, then \xf0\x9f\x82"), []byte{33})
	f.Fuzz(func(t *testing.T, p []byte, cuts []byte) { checkUTF8(t, p, cuts) })
}
