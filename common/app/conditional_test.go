package app

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const rfc850 = "Monday, 02-Jan-06 15:04:05 GMT"

func TestConditionsComeInTheOrderOfTheRFC(t *testing.T) {
	const old, now, later = "Sun, 06 Nov 1994 06:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT",
		"Sun, 06 Nov 1994 08:00:00 GMT"
	tag := ask(t, withFS(lettered()), "GET /letters.txt").Header.Get("ETag")
	for _, c := range []struct {
		fields string
		status int
	}{
		{"If-Match: " + tag, 200},
		{"If-Match: *", 200},
		{`If-Match: "x", ` + tag, 200},
		{`If-Match: "x"`, 412},
		{"If-Match: W/" + tag, 412},
		{"If-Unmodified-Since: " + now, 200},
		{"If-Unmodified-Since: " + old, 412},
		{"If-Unmodified-Since: nonsense", 200},
		{"If-Unmodified-Since: " + old + "\r\nIf-Unmodified-Since: " + old, 200}, // 13.1.4: a list is invalid
		{"If-Match: " + tag + "\r\nIf-Unmodified-Since: " + old, 200},
		{`If-Match: "x"` + "\r\nIf-None-Match: " + tag, 412},
		{"If-None-Match: " + tag, 304},
		{"If-None-Match: W/" + tag, 304},
		{"If-None-Match: *", 304},
		{`If-None-Match: "x", *`, 200}, // 13.1.2: no list contains an asterisk
		{"If-None-Match: *x", 200},
		{`If-None-Match: "x"` + tag, 200}, // commas separate members
		{`If-None-Match: "x"` + "\r\nIf-Modified-Since: " + later, 200},
		{"If-Modified-Since: " + now, 304},
		{"If-Modified-Since: " + old, 200},
		{"If-Modified-Since: " + now + "\r\nIf-Modified-Since: " + now, 200}, // 13.1.3: a list is invalid
		{"If-Unmodified-Since: " + old + "\r\nIf-None-Match: " + tag, 412},
		{"Range: bytes=0-1\r\nIf-None-Match: " + tag, 304},
		{"Range: bytes=0-1\r\nIf-Range: " + tag, 206},
		{`Range: bytes=0-1` + "\r\n" + `If-Range: "x"`, 200},
		{"Range: bytes=0-1\r\nIf-Range: W/" + tag, 200},
		{"Range: bytes=0-1\r\nIf-Range: " + now, 206},
		{"Range: bytes=0-1\r\nIf-Range: " + old, 200},
		{"Range: bytes=0-1\r\nIf-Range: " + later, 200},
		{"If-Range: " + tag, 200},
		{"Range: bytes=0-1\r\nIf-Range: \"x\"\r\nIf-Range: " + tag, 200}, // 13.1.5: a list is invalid
		{"Range: bytes=0-1\r\nIf-Range: " + now + "\r\nIf-Range: " + now, 200},
	} {
		m := lettered()
		ask(t, withFS(m), "GET /letters.txt", c.fields).expect(t, c.status, c.fields)
		if m.opened != m.closed {
			t.Errorf("%s: opened %d files and closed %d", c.fields, m.opened, m.closed)
		}
	}
}

// A day's name may look like something else: Wednesday begins with a W, and so does a weak tag.
func TestIfRangeAcceptsEveryDate(t *testing.T) {
	for day := range 7 {
		m := lettered()
		m.modified = birth.AddDate(0, 0, -1-day)
		date := m.modified.Format(http.TimeFormat)
		ask(t, withFS(m), "GET /letters.txt", "Range: bytes=0-1", "If-Range: "+date).expect(t, 206, date)
	}
}

// RFC 9110 13.1: for a resource without validators, only an asterisk can match.
func TestConditionsOfAResourceWithoutValidators(t *testing.T) {
	for _, path := range []string{"/healthz", "/stats", "/metrics"} {
		for fields, status := range map[string]int{
			"If-Match: *": 200, `If-Match: "x"`: 412, "If-None-Match: *": 304, `If-None-Match: "x"`: 200,
			"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT":   200,
			"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT": 200,
		} {
			ask(t, local(nil), "GET "+path, fields).expect(t, status, path+" "+fields)
		}
	}
	for fields, status := range map[string]int{"If-Match: *": 412, "If-None-Match: *": 200} {
		post(t, local(nil), "POST /echo", "body", fields).expect(t, status, "POST with "+fields)
	}
}

// RFC 9110 5.6.7: the clock decides the century of an obsolete date, and not the date that it is
// compared with.
func TestTheCenturyOfAnObsoleteDateIsOurs(t *testing.T) {
	m := lettered()
	m.modified = birth.AddDate(-60, 0, 0)
	since := birth.Add(-time.Hour).Format(rfc850)
	ask(t, withFS(m), "GET /letters.txt", "If-Modified-Since: "+since).expect(t, 304, since)
}

// RFC 9110 8.8.2.1: "An origin server with a clock MUST NOT generate a
// Last-Modified date that is later than the server's time of message
// origination".
func TestNothingWasModifiedInTheFuture(t *testing.T) {
	m := lettered()
	m.modified = birth.Add(time.Hour)
	got := ask(t, withFS(m), "GET /letters.txt")
	if lm := got.Header.Get("Last-Modified"); lm != got.Header.Get("Date") {
		t.Errorf("Last-Modified of a file from the future = %q, want the Date %q", lm, got.Header.Get("Date"))
	}
	since := "If-Modified-Since: " + birth.Format(http.TimeFormat)
	ask(t, withFS(m), "GET /letters.txt", since).expect(t, 200, "a file from the future may still change")
}

// RFC 9110 15.4.5: "a sender SHOULD NOT generate representation metadata other
// than the above listed fields unless said metadata exists for the purpose of
// guiding cache updates".
func TestA304DescribesNoContent(t *testing.T) {
	got := ask(t, withFS(packed()), "GET /a.css", "If-None-Match: *", "Accept-Encoding: gzip")
	got.expect(t, 304, "any tag")
	for name := range got.Header {
		if strings.HasPrefix(name, "Content-") || name == "Accept-Ranges" {
			t.Errorf("304 with %s: %s", name, got.Header.Get(name))
		}
	}
	if got.Header.Get("Vary") != "Accept-Encoding" {
		t.Error("304 without Vary")
	}
}
