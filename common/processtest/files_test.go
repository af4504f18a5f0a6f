package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exchange asks for a file and reads the reply with its fields.
func (c *client) exchange(path string, more ...string) (*http.Response, []byte, error) {
	if err := c.ask(path, more...); err != nil {
		return nil, nil, err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(r.Body)
	return r, body, err
}

// lettersOf is n bytes of which each place can be told from those near it.
func lettersOf(n int) []byte {
	b := make([]byte, 0, n+8)
	for i := 0; len(b) < n; i++ {
		b = append(strconv.AppendInt(b, int64(i), 36), ' ')
	}
	return b[:n]
}

// put writes a file and sets back its time, so that its date is a strong
// validator.
func put(t testing.TB, file string, text []byte, modified time.Time) {
	t.Helper()
	must(t, os.WriteFile(file, text, 0o644))
	must(t, os.Chtimes(file, modified, modified))
}

// filed launches a server on a root, and connects.
func filed(t *testing.T) (root string, p *Process, c *client) {
	root = t.TempDir()
	p = Launch(t, "-root="+root)
	c, err := dial(p.Addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return root, p, c
}

// stalledFile makes a server begin to send a large file to a client that reads
// only its head.
func stalledFile(t *testing.T) (name string, p *Process, c *client, r *http.Response) {
	root, p, c := filed(t)
	c.Close()
	name = filepath.Join(root, "f")
	must(t, os.WriteFile(name, lettersOf(largeFile), 0o644))
	c, err := dialNarrow(p.Addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.ask("/f"))
	r, err = http.ReadResponse(c.in, nil)
	must(t, errors.Join(err, equal("Content-Length", r.ContentLength, int64(largeFile))))
	time.Sleep(100 * time.Millisecond) // until the socket is full
	return name, p, c, r
}

// resetsTruncatedFile makes a file shorter while it is sent. The reply can't be
// completed then: neither may it be padded, nor another reply follow.
func resetsTruncatedFile(t *testing.T) {
	const left = largeFile / 2
	name, p, _, r := stalledFile(t)
	must(t, os.Truncate(name, left))
	body, err := io.ReadAll(r.Body)
	if !errors.Is(err, syscall.ECONNRESET) || len(body) > left {
		t.Errorf("want a reset within what is left of the file, got %d bytes and %v", len(body), err)
	}
	if want := lettersOf(largeFile)[:len(body)]; !bytes.Equal(want, body) {
		t.Error("want nothing but bytes of the file before the end")
	}
	p.CheckHealthz()
	p.AwaitOpen(1)
}

// sendsPromisedLength makes a file longer while it is sent: what Content-Length has
// promised is sent, and then the next reply.
func sendsPromisedLength(t *testing.T) {
	name, _, c, r := stalledFile(t)
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(strings.Repeat("more", 1000))
	must(t, errors.Join(err, f.Close()))
	body, err := io.ReadAll(r.Body)
	must(t, errors.Join(err, equal("all as before", bytes.Equal(body, lettersOf(largeFile)), true)))
	next, _, err := c.exchange("/f", "Range: bytes=-4")
	must(t, errors.Join(err, equal("Content-Range", next.Header.Get("Content-Range"),
		fmt.Sprintf("bytes %d-%d/%d", largeFile+3996, largeFile+3999, largeFile+4000))))
}

// noticesReplaced replaces a file by others of the same length between two
// requests.
func noticesReplaced(t *testing.T) {
	root, _, c := filed(t)
	name := filepath.Join(root, "f.txt")
	old := time.Now().Add(-time.Hour)
	put(t, name, []byte("one"), old)
	first, body, err := c.exchange("/f.txt")
	must(t, errors.Join(err, equal("body", string(body), "one")))
	tag, date := first.Header.Get("ETag"), first.Header.Get("Last-Modified")

	same, _, err := c.exchange("/f.txt", "If-None-Match: "+tag)
	must(t, errors.Join(err, equal("status of the same", same.StatusCode, 304)))

	put(t, name+".new", []byte("two"), old.Add(time.Second))
	must(t, os.Rename(name+".new", name))
	for _, condition := range []string{"If-None-Match: " + tag, "If-Modified-Since: " + date} {
		next, body, err := c.exchange("/f.txt", condition)
		must(t, errors.Join(err, equal(condition, next.StatusCode, 200), equal("body", string(body), "two")))
	}
	for _, condition := range []string{"If-Match: " + tag, "If-Unmodified-Since: " + date} {
		next, _, err := c.exchange("/f.txt", condition)
		must(t, errors.Join(err, equal(condition, next.StatusCode, 412)))
	}
	for _, condition := range []string{"If-Range: " + tag, "If-Range: " + date} {
		next, body, err := c.exchange("/f.txt", "Range: bytes=1-", condition)
		must(t, errors.Join(err, equal(condition, next.StatusCode, 200), equal("body", string(body), "two")))
	}
}

// noticesReplacementOfSameSizeAndTime replaces a file by another of the same length and time, as an
// archiver unpacks it.
func noticesReplacementOfSameSizeAndTime(t *testing.T) {
	root, _, c := filed(t)
	name := filepath.Join(root, "f.txt")
	old := time.Now().Add(-time.Hour)
	put(t, name, []byte("one"), old)
	first, _, err := c.exchange("/f.txt")
	must(t, err)
	put(t, name+".new", []byte("two"), old)
	must(t, os.Rename(name+".new", name))
	next, body, err := c.exchange("/f.txt", "If-None-Match: "+first.Header.Get("ETag"))
	must(t, errors.Join(err, equal("status", next.StatusCode, 200), equal("body", string(body), "two")))
}

// sendsOldFile replaces a file while it is sent: all of it is of one version.
func sendsOldFile(t *testing.T) {
	name, _, _, r := stalledFile(t)
	must(t, os.WriteFile(name+".new", make([]byte, largeFile), 0o644))
	must(t, os.Rename(name+".new", name))
	body, err := io.ReadAll(r.Body)
	must(t, errors.Join(err, equal("all of one version", bytes.Equal(body, lettersOf(largeFile)), true)))
}

func servesEmptyFile(t *testing.T) {
	root, _, c := filed(t)
	must(t, os.WriteFile(filepath.Join(root, "empty"), nil, 0o644))
	for _, more := range []string{"X: y", "Range: bytes=0-", "Range: bytes=-1", "Range: bytes=0-0,5-"} {
		r, body, err := c.exchange("/empty", more)
		must(t, errors.Join(err, equal(more, r.StatusCode, 200), equal("length", r.ContentLength, 0),
			equal("body", len(body), 0)))
	}
}

// sendsRanges asks for parts of a file of 10 MiB, which sendfile(2) sends.
func sendsRanges(t *testing.T) {
	const size = 10 << 20
	root, p, c := filed(t)
	text := lettersOf(size)
	must(t, os.WriteFile(filepath.Join(root, "f"), text, 0o644))
	before := p.Stats()["sys_sendfile"]
	for _, tt := range []struct {
		value    string
		from, to int
	}{
		{"bytes=0-0", 0, 1}, {"bytes=1-", 1, size}, {"bytes=-1", size - 1, size},
		{"bytes=5000000-9999999", 5000000, 10000000}, {"bytes=-99999999", 0, size},
		{"bytes=65535-65536,65537-70000", 65535, 70001},
	} {
		r, body, err := c.exchange("/f", "Range: "+tt.value)
		must(t, errors.Join(err, equal(tt.value, r.StatusCode, 206),
			equal("Content-Range", r.Header.Get("Content-Range"),
				fmt.Sprintf("bytes %d-%d/%d", tt.from, tt.to-1, size)),
			equal(tt.value+" is that part", bytes.Equal(body, text[tt.from:tt.to]), true)))
	}
	if after := p.Stats()["sys_sendfile"]; after <= before {
		t.Error("want files sent by sendfile(2)")
	}
	sendsParts(t, c, text)
	r, _, err := c.exchange("/f", fmt.Sprintf("Range: bytes=%d-", size))
	must(t, errors.Join(err, equal("status after the end", r.StatusCode, 416),
		equal("Content-Range", r.Header.Get("Content-Range"), fmt.Sprintf("bytes */%d", size))))
}

// sendsParts asks for several ranges in one request, which come in the order asked for.
func sendsParts(t *testing.T, c *client, text []byte) {
	t.Helper()
	ranges := [][2]int{{9000000, 9999999}, {0, 0}, {1000, 70000}, {len(text) - 7, len(text) - 1}}
	value := "Range: bytes="
	for _, r := range ranges {
		value += fmt.Sprintf("%d-%d,", r[0], r[1])
	}
	r, body, err := c.exchange("/f", value)
	must(t, errors.Join(err, equal("status", r.StatusCode, 206)))
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	must(t, err)
	parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for _, r := range ranges {
		part, err := parts.NextRawPart()
		must(t, err)
		got, err := io.ReadAll(part)
		must(t, errors.Join(err, equal("Content-Range", part.Header.Get("Content-Range"),
			fmt.Sprintf("bytes %d-%d/%d", r[0], r[1], len(text))),
			equal("the part is that part", bytes.Equal(got, text[r[0]:r[1]+1]), true)))
	}
	if _, err := parts.NextRawPart(); err != io.EOF {
		t.Errorf("want no further part, got %v", err)
	}
}

// sendsCompressedSibling has a compressed sibling beside a file.
func sendsCompressedSibling(t *testing.T) {
	root, _, c := filed(t)
	old := time.Now().Add(-time.Hour)
	name := filepath.Join(root, "x.css")
	put(t, name, []byte("plain"), old)
	put(t, name+".gz", []byte("packed"), old)
	for _, tt := range []struct{ accept, body, encoding string }{
		{"gzip, br", "packed", "gzip"}, {"br", "plain", ""}, {"gzip;q=0", "plain", ""},
	} {
		r, body, err := c.exchange("/x.css", "Accept-Encoding: "+tt.accept)
		must(t, errors.Join(err, equal(tt.accept, string(body), tt.body),
			equal("Content-Encoding", r.Header.Get("Content-Encoding"), tt.encoding),
			equal("Content-Type", r.Header.Get("Content-Type"), "text/css; charset=utf-8"),
			equal("Vary", r.Header.Get("Vary"), "Accept-Encoding")))
		same, _, err := c.exchange("/x.css", "Accept-Encoding: "+tt.accept, "If-None-Match: "+r.Header.Get("ETag"))
		must(t, errors.Join(err, equal(tt.accept, same.StatusCode, 304),
			equal("Vary of 304", same.Header.Get("Vary"), "Accept-Encoding")))
		part, body, err := c.exchange("/x.css", "Accept-Encoding: "+tt.accept, "Range: bytes=1-2")
		must(t, errors.Join(err, equal(tt.accept, part.StatusCode, 206), equal("part", string(body), tt.body[1:3]),
			equal("Content-Encoding of the part", part.Header.Get("Content-Encoding"), tt.encoding)))
	}
	put(t, name, []byte("newer"), old.Add(time.Minute))
	_, body, err := c.exchange("/x.css", "Accept-Encoding: gzip")
	must(t, errors.Join(err, equal("with an older sibling", string(body), "newer")))
}

// readsAllDateForms sends conditions in all three forms of a date.
func readsAllDateForms(t *testing.T) {
	root, _, c := filed(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	put(t, filepath.Join(root, "f"), []byte("text"), at.Add(300*time.Millisecond))
	forms := []string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC}
	for _, form := range forms {
		for _, tt := range []struct {
			field  string
			by     time.Duration
			status int
		}{
			{"If-Modified-Since", 0, 304}, {"If-Modified-Since", time.Second, 304},
			{"If-Modified-Since", -time.Second, 200},
			{"If-Unmodified-Since", 0, 200}, {"If-Unmodified-Since", -time.Second, 412},
			{"If-Range", 0, 206}, {"If-Range", -time.Second, 200}, {"If-Range", time.Second, 200},
		} {
			condition := tt.field + ": " + at.Add(tt.by).UTC().Format(form)
			more := []string{condition}
			if tt.field == "If-Range" {
				more = append(more, "Range: bytes=0-1")
			}
			r, _, err := c.exchange("/f", more...)
			must(t, errors.Join(err, equal(condition, r.StatusCode, tt.status)))
			if lm := r.Header.Get("Last-Modified"); r.StatusCode == 200 && lm != at.UTC().Format(http.TimeFormat) {
				t.Errorf("Last-Modified: got %q", lm)
			}
		}
	}
	r, _, err := c.exchange("/f", "If-Modified-Since: "+at.Add(time.Second).UTC().Format(time.RFC3339))
	must(t, errors.Join(err, equal("a date in another form", r.StatusCode, 200)))
}
