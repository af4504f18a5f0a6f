package app

import (
	"testing"
	"time"
)

// packed returns a root with a file that has a compressed sibling. (Its content isn't really gzip,
// because nobody unpacks it.)
func packed() *memFS {
	return &memFS{modified: birth.Add(-time.Hour), files: map[string]any{
		"a.css": "plain", "a.css.gz": "packed", "b.css": "alone", "c.png": "image", "c.png.gz": "never",
	}}
}

func TestTheCompressedFileIsServedIfTheClientAcceptsGzip(t *testing.T) {
	for fields, want := range map[string]string{
		"Accept: text/css":                   "plain",
		"Accept-Encoding: gzip":              "packed",
		"Accept-Encoding: br, GZIP ; q=0.5":  "packed",
		"Accept-Encoding: x-gzip":            "packed",
		"Accept-Encoding: *":                 "packed",
		"Accept-Encoding: br, deflate":       "plain",
		"Accept-Encoding: gzip;q=0":          "plain",
		"Accept-Encoding: gzip;q=0.000, *":   "plain",
		"Accept-Encoding: *;q=0":             "plain",
		"Accept-Encoding: *;q=0, gzip;q=0.1": "packed",
		// RFC 9110 12.5.3: the acceptable coding with the highest weight is preferred
		"Accept-Encoding: gzip;q=0.5, identity":           "plain",
		"Accept-Encoding: identity;q=0.25, gzip;q=0.3":    "packed",
		"Accept-Encoding: identity;q=0.2, *;q=0.1":        "plain",
		"Accept-Encoding: gzip;q=1.000, identity;q=0.999": "packed",
		"Accept-Encoding: gzip, identity":                 "packed",
		"Accept-Encoding: ":                               "plain",
	} {
		m := packed()
		got := ask(t, withFS(m), "GET /a.css", fields)
		got.expect(t, 200, fields)
		encoding := got.Header.Get("Content-Encoding")
		if got.body != want || encoding != map[string]string{"packed": "gzip"}[want] {
			t.Errorf("%q: got %q, Content-Encoding %q", fields, got.body, encoding)
		}
		if got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: got no Vary, so a cache can't know that the response varies", fields)
		}
		if got.Header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%q: got Content-Type %q, want the type of the uncompressed file", fields, got.Header.Get("Content-Type"))
		}
		if m.opened != m.closed {
			t.Errorf("%q: opened %d files and closed %d", fields, m.opened, m.closed)
		}
	}
}

func TestFilesWithoutACompressedFile(t *testing.T) {
	for path, want := range map[string]string{"/b.css": "alone", "/c.png": "image"} {
		got := ask(t, withFS(packed()), "GET "+path, "Accept-Encoding: gzip")
		if got.body != want || got.Header.Get("Content-Encoding") != "" {
			t.Errorf("GET %s = %q", path, got.body)
		}
	}
}

func TestTheTwoRepresentationsHaveTheirOwnTags(t *testing.T) {
	plain := ask(t, withFS(packed()), "GET /a.css").Header.Get("ETag")
	gz := ask(t, withFS(packed()), "GET /a.css", "Accept-Encoding: gzip").Header.Get("ETag")
	if plain == gz {
		t.Errorf("both representations have the tag %s", plain)
	}
	ask(t, withFS(packed()), "GET /a.css", "If-None-Match: "+gz).expect(t, 200, "the tag of the other representation")
}

func TestOlder(t *testing.T) {
	at := func(sec int64, nsec int64) time.Time { return time.Unix(sec, nsec) }
	for _, c := range []struct {
		sibling, file time.Time
		want          bool
		why           string
	}{
		{at(9, 123456789), at(9, 123456789), false, "the same time"},
		{at(9, 200000000), at(9, 100000000), false, "newer"},
		{at(9, 0), at(9, 123456789), false, "copied in whole seconds"},
		{at(9, 0), at(9, 999999999), false, "copied in whole seconds, at the second's end"},
		{at(9, 0), at(10, 0), true, "a whole second older"},
		{at(9, 120000000), at(9, 123456789), false, "copied in hundredths"},
		{at(9, 120000000), at(9, 130000000), true, "a hundredth older"},
		{at(9, 123000000), at(9, 123999999), false, "copied in milliseconds"},
		{at(9, 123456000), at(9, 123456789), false, "copied in microseconds"},
		{at(9, 123456700), at(9, 123456789), false, "copied in units of 100 ns"},
		{at(9, 123456551), at(9, 123456789), false, "copied as a floating-point number"},
		{at(9, 123456789), at(9, 123457789), true, "a microsecond older"},
		{at(9, 123456789), at(9, 200000000), true, "older, with a file of lower precision"},
		{at(9, 500000000), at(10, 0), true, "older, with a file in whole seconds"},
	} {
		if got := older(c.sibling, c.file); got != c.want {
			t.Errorf("%s: older() = %t", c.why, got)
		}
	}
}
