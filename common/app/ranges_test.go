package app

import (
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const alphabet = "abcdefghijklmnopqrstuvwxyz"

func lettered() *memFS {
	long := strings.Repeat(alphabet, 100)
	return &memFS{modified: birth.Add(-3600e9), files: map[string]any{
		"letters.txt": alphabet, "empty.txt": "", "long.txt": long,
	}}
}

func TestOneRange(t *testing.T) {
	for value, want := range map[string]struct{ part, contentRange string }{
		"bytes=0-0":                     {"a", "bytes 0-0/26"},
		"bytes=0-4":                     {"abcde", "bytes 0-4/26"},
		"bytes=20-":                     {"uvwxyz", "bytes 20-25/26"},
		"bytes=-3":                      {"xyz", "bytes 23-25/26"},
		"bytes=-100":                    {alphabet, "bytes 0-25/26"},
		"bytes=24-99999999999999999999": {"yz", "bytes 24-25/26"},
		"Bytes=1-1":                     {"b", "bytes 1-1/26"},
		"bytes= 1-1 ,":                  {"b", "bytes 1-1/26"},
		"bytes=0-3,2-5":                 {"abcdef", "bytes 0-5/26"},
		"bytes=0-0,30-40":               {"a", "bytes 0-0/26"},
	} {
		m := lettered()
		got := ask(t, withFS(m), "GET /letters.txt", "Range: "+value)
		got.expect(t, 206, value)
		if got.body != want.part || got.Header.Get("Content-Range") != want.contentRange {
			t.Errorf("Range: %s: got %q, %q", value, got.body, got.Header.Get("Content-Range"))
		}
		if m.opened != m.closed {
			t.Errorf("Range: %s opened %d files and closed %d", value, m.opened, m.closed)
		}
	}
}

func TestRangesThatDoNotExist(t *testing.T) {
	for path, values := range map[string][]string{
		"/letters.txt": {"bytes=26-", "bytes=100-200", "bytes=-0", "bytes=30-40,50-"},
	} {
		for _, value := range values {
			m := lettered()
			got := ask(t, withFS(m), "GET "+path, "Range: "+value)
			got.expect(t, 416, value)
			if cr := got.Header.Get("Content-Range"); cr != "bytes */26" {
				t.Errorf("Range: %s of %s has Content-Range %q", value, path, cr)
			}
			if m.opened != m.closed {
				t.Errorf("Range: %s opened %d files and closed %d", value, m.opened, m.closed)
			}
		}
	}
}

func TestRangesThatAreIgnored(t *testing.T) {
	for _, value := range []string{
		"", "bytes", "bytes=", "bytes=,", "lines=1-2", "bytes=5-2", "bytes=a-b", "bytes=-", "bytes=1", "bytes=1-2-3",
		"bytes=" + strings.Repeat("0-0,", 65) + "0-0",
	} {
		got := ask(t, withFS(lettered()), "GET /letters.txt", "Range: "+value)
		got.expect(t, 200, value)
		if got.body != alphabet || got.Header.Get("Accept-Ranges") != "bytes" {
			t.Errorf("Range: %s: got %q", value, got.body)
		}
	}
	twice := ask(t, withFS(lettered()), "GET /letters.txt", "Range: bytes=0-1", "Range: bytes=4-5")
	twice.expect(t, 200, "two Range fields are invalid")
	head := ask(t, withFS(lettered()), "HEAD /letters.txt", "Range: bytes=0-1")
	head.expect(t, 200, "HEAD")
}

func TestSeveralRanges(t *testing.T) {
	m := lettered()
	got := ask(t, withFS(m), "GET /long.txt", "Range: bytes=2500-2509, 0-3, 1300-1301")
	got.expect(t, 206, "several ranges")
	typ, parameters, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil || typ != "multipart/byteranges" {
		t.Fatalf("Content-Type = %q: %v", got.Header.Get("Content-Type"), err)
	}
	if got.Header.Get("Content-Range") != "" {
		t.Error("got a Content-Range, which belongs to the parts (RFC 9110 15.3.7.2)")
	}
	var parts []string
	for r := multipart.NewReader(strings.NewReader(got.body), parameters["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(p)
		parts = append(parts, p.Header.Get("Content-Range")+" "+p.Header.Get("Content-Type")+" "+string(text))
	}
	const typeOf = " text/plain; charset=utf-8 "
	want := []string{
		"bytes 2500-2509/2600" + typeOf + "efghijklmn", "bytes 0-3/2600" + typeOf + "abcd",
		"bytes 1300-1301/2600" + typeOf + "ab",
	}
	if diff := cmp.Diff(want, parts); diff != "" {
		t.Error(diff)
	}
	if m.opened != 1 || m.closed != 1 {
		t.Errorf("opened %d files and closed %d", m.opened, m.closed)
	}
}

// Even if the ranges overlap, the response is never much larger than the resource.
func TestRangesDoNotMultiplyTheResponse(t *testing.T) {
	value := "bytes=0-"
	for range maxRanges - 1 {
		value += ",0-"
	}
	got := ask(t, withFS(lettered()), "GET /long.txt", "Range: "+value)
	got.expect(t, 206, "the same range many times")
	if len(got.body) != 2600 {
		t.Errorf("the same range %d times: got %d bytes, want 2600", maxRanges, len(got.body))
	}
}

// The joined ranges have every requested byte, no byte twice, and other bytes only in gaps that are
// too small for a part of their own.
func TestCoalescedRangesAreTheSameBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const size = 4000
	for range 2000 {
		var asked []byteRange
		var want, got [size]int
		for range 1 + rng.IntN(maxRanges) {
			from := rng.Int64N(size)
			b := byteRange{from, from + 1 + rng.Int64N(min(size-from, 200))}
			asked = append(asked, b)
			for i := b.from; i < b.to; i++ {
				want[i] = 1
			}
		}
		joined := coalesce(asked)
		for _, b := range joined {
			for i := b.from; i < b.to; i++ {
				got[i]++
			}
		}
		gap := 0
		for i := range want {
			if got[i] > 1 || got[i] < want[i] {
				t.Fatalf("byte %d of %v would be sent %d times: %v", i, asked, got[i], joined)
			}
			if gap = (gap + 1) * (1 - want[i]) * got[i]; gap > overhead {
				t.Fatalf("%v includes a gap of more than %d bytes between the requested ranges: %v", joined, overhead, asked)
			}
		}
	}
}

// RFC 9110 14.2: "A server that supports range requests MAY ignore a Range
// header field when the selected representation has no content".
func TestAnEmptyFileIsNeverAPart(t *testing.T) {
	for _, value := range []string{"bytes=0-", "bytes=0-0", "bytes=-1", "bytes=0-0,5-6"} {
		got := ask(t, withFS(lettered()), "GET /empty.txt", "Range: "+value)
		got.expect(t, 200, value)
		if got.ContentLength != 0 {
			t.Errorf("Content-Length of an empty file = %d", got.ContentLength)
		}
	}
}

// The multipart body itself isn't coded, but a Content-Encoding would apply to all of it.
func TestSeveralRangesOfACompressedFileGetTheWhole(t *testing.T) {
	m := &memFS{modified: birth.Add(-time.Hour), files: map[string]any{
		"a.css": strings.Repeat(alphabet, 100), "a.css.gz": strings.Repeat(alphabet, 99),
	}}
	got := ask(t, withFS(m), "GET /a.css", "Accept-Encoding: gzip", "Range: bytes=0-3,2000-2009")
	got.expect(t, 200, "two ranges")
	if got.body != strings.Repeat(alphabet, 99) || got.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("want the whole sibling, got %d bytes", len(got.body))
	}
	if m.opened != m.closed {
		t.Errorf("opened %d files and closed %d", m.opened, m.closed)
	}
}

// RFC 9110 15.3.7: a 206 has the "Date, Cache-Control, ETag, Expires, Content-Location, and Vary"
// of the 200. It also has "all of the representation header fields", except for a client that sends
// If-Range, because that client has them already.
func TestA206HasTheFieldsOfThe200(t *testing.T) {
	const several = "bytes=0-3,2000-2009"
	files := map[string]any{"a.css": strings.Repeat(alphabet, 100), "a.css.gz": strings.Repeat(alphabet, 99)}
	for _, path := range []string{"/a.css", "/_/style.css"} {
		a := withFS(&memFS{files: files, modified: birth.Add(-3600e9)})
		whole := ask(t, a, "GET "+path, "Accept-Encoding: gzip")
		values := []string{"bytes=0-3", several}
		if whole.Header.Get("Content-Encoding") != "" {
			values = values[:1]
		}
		for _, value := range values {
			part := ask(t, a, "GET "+path, "Accept-Encoding: gzip", "Range: "+value)
			part.expect(t, 206, value)
			for name := range whole.Header {
				same := cmp.Equal(whole.Header[name], part.Header[name])
				multipart := name == "Content-Type" && value == several
				if !same && !multipart && name != "Content-Length" {
					t.Errorf("%s, %s: got %s %q", path, value, name, part.Header[name])
				}
			}
			known := ask(t, a, "GET "+path, "Accept-Encoding: gzip", "Range: "+value,
				"If-Range: "+whole.Header.Get("ETag"))
			known.expect(t, 206, value)
			for _, name := range []string{"Cache-Control", "ETag", "Vary"} {
				if !cmp.Equal(whole.Header[name], known.Header[name]) {
					t.Errorf("%s, %s with If-Range: got %s %q", path, value, name, known.Header[name])
				}
			}
			for _, name := range []string{"Content-Encoding", "Last-Modified"} {
				if known.Header.Get(name) != "" {
					t.Errorf("%s, %s with If-Range: got %s, which the client already has", path, value, name)
				}
			}
		}
	}
}
