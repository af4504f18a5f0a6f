package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seeds(f *testing.F, add func(in []byte)) {
	for _, c := range refused {
		add([]byte(c.in))
	}
	for _, c := range accepted {
		add([]byte(c.in))
	}
	add(browser)
}

// FuzzSplit checks that cutting the input never changes its meaning.
func FuzzSplit(f *testing.F) {
	seeds(f, func(in []byte) { f.Add(in, uint64(0), false) })
	f.Fuzz(func(t *testing.T, in []byte, seed uint64, tight bool) {
		l := Limits{}
		if tight {
			l = Limits{Head: 40, Body: 8}
		}
		for _, got := range sameHowever(t, l, in, seed, seed+1) {
			if got.Err != nil && got.End {
				t.Errorf("%q gives both Failed and End", in)
			}
			if int64(len(got.Body)) > l.body() || got.Length >= 0 && int64(len(got.Body)) > got.Length {
				t.Errorf("%q has a body of %d bytes, which is more than allowed", in, len(got.Body))
			}
		}
	})
}

// FuzzFieldCache checks that an earlier request never changes the meaning of a later one, even of
// one that is nearly the same.
func FuzzFieldCache(f *testing.F) {
	seeds(f, func(in []byte) {
		for seed := range uint64(8) {
			f.Add(in, seed)
		}
	})
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"), uint64(0))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), uint64(0))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		stream := slices.Clone(in)
		for range 3 {
			stream = append(stream, resembling(rnd, in)...)
		}
		sameHowever(t, Limits{}, stream, seed)
		var r Reader
		for range 4 { // in a stream of its own, because an error ends a stream
			p := resembling(rnd, in)
			pieces := cut(p, rnd.Uint64())
			if diff := cmp.Diff(read(t, Limits{}, p), readBy(t, &r, Limits{}, pieces...)); diff != "" {
				t.Errorf("%q alone (-) differs from the same request after similar ones (+):\n%s", p, diff)
			}
		}
	})
}

// resembling returns in, perhaps with another request line, and perhaps with one small change in
// case, white space, order of lines, or length.
func resembling(rnd *rand.Rand, in []byte) []byte {
	lines := bytes.SplitAfter(in, []byte("\n"))
	if rnd.IntN(2) == 0 {
		lines[0] = []byte([]string{
			"GET / HTTP/1.1\r\n", "POST /%41?b HTTP/1.0\r\n", "OPTIONS * HTTP/1.1\r\n", "PUT http://b/c HTTP/1.1\r\n",
		}[rnd.IntN(4)])
	}
	switch i, j := rnd.IntN(len(lines)), rnd.IntN(len(lines)); rnd.IntN(4) {
	case 0:
		lines[i], lines[j] = lines[j], lines[i]
	case 1:
		lines = slices.Insert(lines, i, lines[j])
	}
	p := bytes.Join(lines, nil)
	if len(p) == 0 {
		return p
	}
	switch i := rnd.IntN(len(p)); rnd.IntN(6) {
	case 0:
		p[i] ^= 0x20
	case 1:
		p = slices.Insert(p, i, " \t\r\n0"[rnd.IntN(5)])
	case 2:
		p = slices.Delete(p, i, i+1)
	case 3:
		p = p[:i]
	}
	return p
}

// stricter has the errors for input that net/http accepts, and how net/http reads it. net/http is
// lenient. This package refuses a request if it isn't clear where a line, a field or a request
// ends, because a client can use that to make two readers see two different requests.
var stricter = map[*Error]string{
	ErrLineEnd:         "net/http ends a line at a bare LF",
	ErrTarget:          "net/http accepts a fragment, other schemes, bytes above 0x7f, and * with any method",
	ErrHTTPS:           "net/http ignores the scheme",
	ErrNotHTTP1:        "ReadRequest leaves the check of the version to the server",
	ErrFold:            "net/http joins folded lines",
	ErrFieldName:       "net/http accepts blanks in a name and before a name",
	ErrFieldValue:      "net/http removes a bare CR before the end of a line",
	ErrNoHost:          "ReadRequest leaves this check to the server",
	ErrHost:            "ReadRequest leaves this check to the server",
	ErrLengthTwice:     "net/http accepts several lengths if they are equal",
	ErrLengthAndCoding: "net/http uses chunked and drops the length",
	ErrCoding:          "net/http ignores all transfer codings in HTTP/1.0",
	ErrCoding10:        "net/http ignores all transfer codings in HTTP/1.0",
	ErrExpect:          "ReadRequest leaves this check to the server",
	ErrFieldLimit:      "net/http limits only the bytes",
	ErrHeadLimit:       "ReadRequest leaves the limits to the server",
	ErrLineLimit:       "ReadRequest leaves the limits to the server",
	ErrChunkSize:       "net/http allows white space after a size, and reads all 16 digits as 64 bits",
	ErrChunkExt:        "net/http ignores extensions",
}

// FuzzNetHTTP compares this package with net/http. A request that both accept must mean the same
// for both. A request that only one of them accepts needs a reason that is written down here.
func FuzzNetHTTP(f *testing.F) {
	seeds(f, func(in []byte) {
		f.Add(in)
		// Most refused heads end in the middle of a request, and net/http would only report
		// an unexpected end.
		f.Add(slices.Concat(in, []byte("\r\n")))
		f.Add(slices.Concat(in, []byte("\r\n0\r\n\r\n")))
		f.Add(slices.Concat(in, []byte("Host: a\r\n\r\n")))
	})
	f.Add([]byte("CONNECT  HTTP/0.0\r\n\r\n"))
	f.Add([]byte(get + strings.Repeat("a:b\r\n", 100) + "\r\n"))
	f.Add([]byte(get + "a:" + strings.Repeat("b", 20<<10) + "\r\n\r\n"))
	f.Add([]byte("GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		// RFC 9112 2.2 tells us to skip empty lines before a request. net/http doesn't skip
		// them.
		ours, body, rest, end := readOne(in)
		for bytes.HasPrefix(in, []byte("\r\n")) {
			in = in[2:]
		}
		if end == NeedMore && ours == nil {
			return // for net/http the end of the stream makes this an error
		}
		br := bufio.NewReader(bytes.NewReader(in))
		theirs, err := http.ReadRequest(br)
		switch {
		case ours == nil && err == nil && end == ErrRequestLine && theirs.RequestURI == "":
			// net/http prepends "http://" to the target of CONNECT, and accepts the
			// result even if the target is empty. RFC 9112 3.2.3 requires a host and a
			// port.
			return
		case ours == nil && err == nil:
			if _, ok := stricter[end.(*Error)]; !ok {
				t.Fatalf("%q is refused with %v, but net/http accepts it", in, end)
			}
			return
		case ours == nil:
			return
		case err != nil:
			wantLenient(t, in, err, lenient)
			return
		}
		compareHeads(t, in, ours, theirs)
		theirBody, err := io.ReadAll(theirs.Body)
		switch {
		case end == End && err != nil:
			wantLenient(t, in, err, lenientBodies)
		case end == NeedMore && err == nil:
			t.Fatalf("net/http reads all of %q, but the Reader needs more", in)
		case end == End:
			theirRest, _ := io.ReadAll(br)
			if !bytes.Equal(body, theirBody) || !bytes.Equal(rest, theirRest) {
				t.Fatalf("%q has the body %q followed by %q; for net/http %q and %q", in, body, rest,
					theirBody, theirRest)
			}
		case end == NeedMore:
		case err == nil:
			if _, ok := stricter[end.(*Error)]; !ok {
				t.Fatalf("the body of %q is refused with %v, but net/http accepts it", in, end)
			}
		}
	})
}

// readOne reads the first request of in. end is End, NeedMore, or an *Error.
func readOne(in []byte) (q *Request, body, rest []byte, end any) {
	var r Reader
	for {
		ev, n := r.Next(in)
		in = in[n:]
		switch ev.Kind {
		case Head:
			q = r.Request()
		case Body:
			body = append(body, ev.Data...)
		case Failed:
			return q, body, in, ev.Err
		default:
			return q, body, in, ev.Kind
		}
	}
}

func compareHeads(t *testing.T, in []byte, ours *Request, theirs *http.Request) {
	t.Helper()
	same := func(what, a, b string) {
		t.Helper()
		if a != b {
			t.Errorf("%q has the %s %q, for net/http %q", in, what, a, b)
		}
	}
	same("method", string(ours.Method()), theirs.Method)
	same("target", string(ours.Target()), theirs.RequestURI)
	same("host", string(ours.Host()), theirs.Host)
	if theirs.Method != "CONNECT" && !ours.Asterisk() {
		same("query", string(ours.Query()), theirs.URL.RawQuery)
		if raw, ok := DecodePath(nil, ours.Path()); ok && !strings.Contains(string(ours.Path()), ".") {
			path := theirs.URL.Path
			if path == "" {
				path = "/"
			}
			same("path", string(raw), path)
		}
	}
	if ours.ContentLength() != theirs.ContentLength {
		t.Errorf("%q has the length %d, for net/http %d", in, ours.ContentLength(), theirs.ContentLength)
	}
	if ours.Close() != theirs.Close {
		t.Errorf("Close of %q is %v, for net/http %v", in, ours.Close(), theirs.Close)
	}
	for name, values := range theirs.Header {
		for value := range ours.Fields(name) {
			if len(values) == 0 || string(value) != values[0] {
				t.Errorf("%q has the %s %q, for net/http %q", in, name, value, values)
				break
			}
			values = values[1:]
		}
		if len(values) > 0 {
			t.Errorf("%q has no %s %q, but for net/http it does", in, name, values)
		}
	}
}

// wantLenient checks that net/http has one of these reasons to refuse a request that we accept.
func wantLenient(t *testing.T, in []byte, err error, reasons []string) {
	t.Helper()
	var parse *url.Error
	switch {
	case errors.As(err, &parse): // it also decodes the target: escapes, ports, brackets
	case slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(err.Error(), s) }):
	default:
		t.Fatalf("%q is accepted, but net/http refuses it: %v", in, err)
	}
}

var lenient = []string{
	"malformed MIME header", // textproto refuses some names that are tokens
}

var lenientBodies = []string{
	"chunked encoding contains too much non-data", // net/http has another limit for extensions and zeros
	"invalid byte in chunk length",                // blanks before an extension: RFC 9112 7.1.1
}
