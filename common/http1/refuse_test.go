package http1

import (
	"fmt"
	"strings"
	"testing"
)

// small are the limits for all cases.
var small = Limits{Head: 256, Body: 64}

const (
	get    = "GET / HTTP/1.1\r\nHost: a\r\n"
	post   = "POST / HTTP/1.1\r\nHost: a\r\n"
	chunky = post + "Transfer-Encoding: chunked\r\n\r\n" // chunks follow
)

var refused = []struct {
	rule string
	in   string
	want *Error
}{
	{"9112 3: a method is a token", "G(T / HTTP/1.1\r\n", ErrMethod},
	{"9112 3: a method has at least one byte", " / HTTP/1.1\r\n", ErrMethod},
	{"9112 3: a TLS client is refused at its first byte", "\x16", ErrMethod},
	{"9112 3: a CR ends no method", "GET\r", ErrMethod},
	{"9112 3: a bare LF ends no method", "GET\n", ErrMethod},
	{"9112 3: a method is not followed by HTAB", "GET\t/ HTTP/1.1\r\n", ErrMethod},
	{"9112 3: an HTTP/0.9 request has no version", "GET /\r\n", ErrRequestLine},
	{"9112 3: neither target nor version", "GET \r\n", ErrRequestLine},
	{"9112 3: one SP before the target", "GET  / HTTP/1.1\r\n", ErrTarget},
	{"9112 3: no target", "GET  HTTP/1.1\r\n", ErrRequestLine},
	{"9112 3: one SP before the version", "GET /  HTTP/1.1\r\n", ErrTarget},
	{"9112 3: no SP after the version", "GET / HTTP/1.1 \r\n", ErrVersion},
	{"9112 3.2: no white space in the target", "GET /a b HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: no HTAB in the target", "GET /a\tb HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: no NUL in the target", "GET /a\x00b HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: no DEL in the target", "GET /a\x7fb HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: no bare CR in the target", "GET /a\rb HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: only ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2: no fragment in the target", "GET /a#b HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.1: a path begins with a slash", "GET a HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.1: a query alone is no target", "GET ?a HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.2: a scheme is followed by two slashes", "GET http:/a HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.2: a scheme is followed by slashes and nothing else", "GET http:a.b/c HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.2: a scheme alone is no target", "GET http: HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.2: a scheme other than http", "GET ftp://a/ HTTP/1.1\r\n", ErrTarget},
	{"9110 7.4: an https target needs TLS", "GET HTTPS://a/ HTTP/1.1\r\n", ErrHTTPS},
	{"9110 4.2.2: an empty host is refused with https too", "GET https:///a HTTP/1.1\r\n", ErrTarget},
	{"9110 4.2.1: an empty host is refused", "GET http:///a HTTP/1.1\r\n", ErrTarget},
	{"9110 4.2.1: a port without a host is refused", "GET http://:80/ HTTP/1.1\r\n", ErrTarget},
	{"9110 4.2.4: user information is refused", "GET http://u@a/ HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: authority-form is for CONNECT", "GET a:80 HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT needs a port", "CONNECT a HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT needs a port after the colon", "CONNECT a: HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT needs a host", "CONNECT :80 HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT needs a port after an address", "CONNECT [::1] HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT needs a complete address", "CONNECT [::1:80 HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.3: CONNECT has no other form", "CONNECT / HTTP/1.1\r\n", ErrTarget},
	{"9112 3.2.4: asterisk-form is for OPTIONS", "GET * HTTP/1.1\r\n", ErrTarget},
	{"9112 2.3: HTTP is in capitals", "GET / http/1.1\r\n", ErrVersion},
	{"9112 2.3: a version has two digits", "GET / HTTP/1\r\n", ErrVersion},
	{"9112 2.3: a version has no more than two digits", "GET / HTTP/1.10\r\n", ErrVersion},
	{"9112 2.3: a major version is a digit", "GET / HTTP/x.1\r\n", ErrVersion},
	{"9112 2.3: a minor version is a digit", "GET / HTTP/1.x\r\n", ErrVersion},
	{"9112 2.3: a version has a dot", "GET / HTTP/1-1\r\n", ErrVersion},
	{"9110 15.6.6: HTTP/2 isn't supported", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ErrNotHTTP1},
	{"9110 15.6.6: HTTP/0.9 isn't supported", "GET / HTTP/0.9\r\n", ErrNotHTTP1},

	{"9112 2.2: an empty line ends with CRLF", "\n", ErrMethod},
	{"9112 2.2: a CR before the request line must begin an empty line", "\rGET / HTTP/1.1\r\n", ErrLineEnd},
	{"9112 2.2: the request line ends with CRLF", "GET / HTTP/1.1\n", ErrLineEnd},
	{"9112 2.2: a field line ends with CRLF", "GET / HTTP/1.1\r\nHost: a\n", ErrLineEnd},
	{"9112 2.2: the last line ends with CRLF", get + "\n", ErrLineEnd},
	{"9112 2.2: a bare CR is no line end", get + "a: b\rc: d\r\n", ErrFieldValue},
	{"9112 2.2: two CR are no line end", get + "a: b\r\r\n", ErrFieldValue},
	{"9112 2.2: no white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n", ErrFold},
	{"9112 5.2: a folded line is refused", get + "a: b\r\n c\r\n", ErrFold},
	{"9112 5.2: a line folded with HTAB is refused", get + "a: b\r\n\tc\r\n", ErrFold},
	{"9112 5.1: no SP before the colon", get + "a : b\r\n", ErrFieldName},
	{"9112 5.1: no HTAB before the colon", get + "a\t: b\r\n", ErrFieldName},
	{"9112 5: a name is not empty", get + ": b\r\n", ErrFieldName},
	{"9112 5: a field has a colon", get + "a\r\n", ErrFieldName},
	{"9110 5.1: a name is a token", get + "a@b: c\r\n", ErrFieldName},
	{"9110 5.1: a name is ASCII", get + "\xe4: c\r\n", ErrFieldName},
	{"9110 5.5: no NUL in a value", get + "a: b\x00c\r\n", ErrFieldValue},
	{"9110 5.5: no DEL in a value", get + "a: b\x7f\r\n", ErrFieldValue},
	{"9110 5.5: no escape character in a value", get + "a: \x1b[0m\r\n", ErrFieldValue},

	{"9112 3.2: HTTP/1.1 without a Host", "GET / HTTP/1.1\r\n\r\n", ErrNoHost},
	{"9112 3.2: an absolute target is no substitute for a Host", "GET http://a/ HTTP/1.1\r\n\r\n", ErrNoHost},
	{"9112 3.2: two Hosts", get + "hOST: a\r\n", ErrHostTwice},
	{"9112 3.2: two Hosts, the first one empty", "GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n", ErrHostTwice},
	{"9112 3.2: two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n", ErrHostTwice},
	{"9112 3.2: a Host with white space", "GET / HTTP/1.1\r\nHost: a b\r\n", ErrHost},
	{"9112 3.2: a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n", ErrHost},
	{"9112 3.2: a Host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n", ErrHost},
	{"9112 3.2: a Host whose port is no number", "GET / HTTP/1.1\r\nHost: a:b\r\n", ErrHost},
	{"9112 3.2: an IPvFuture address without a version", "GET / HTTP/1.1\r\nHost: [v.a]\r\n", ErrHost},
	{"9112 3.2: an IPvFuture address whose version isn't a number", "GET / HTTP/1.1\r\nHost: [vg.a]\r\n", ErrHost},
	{"9112 3.2: a later address without a dot", "GET / HTTP/1.1\r\nHost: [v1a]\r\n", ErrHost},
	{"9112 3.2: a later address that is empty", "GET / HTTP/1.1\r\nHost: [v1.]\r\n", ErrHost},
	{"9112 3.2: a later address with an at sign", "GET / HTTP/1.1\r\nHost: [v1.a@b]\r\n", ErrHost},
	{"9112 3.2: a later address with an escape", "GET / HTTP/1.1\r\nHost: [v1.%41]\r\n", ErrHost},
	{"9112 3.2: an address with neither colons nor a version", "GET / HTTP/1.1\r\nHost: [x1.a]\r\n", ErrHost},
	{"9112 3.2: a Host with two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n", ErrHost},
	{"9112 3.2: a Host with a broken escape", "GET / HTTP/1.1\r\nHost: %4\r\n", ErrHost},
	{"9112 3.2: a Host with a false escape", "GET / HTTP/1.1\r\nHost: %4g\r\n", ErrHost},
	{"9112 3.2: a Host with half an address", "GET / HTTP/1.1\r\nHost: [::1\r\n", ErrHost},
	{"9112 3.2: a Host with an empty address", "GET / HTTP/1.1\r\nHost: []\r\n", ErrHost},
	{"9112 3.2: a Host with letters in its address", "GET / HTTP/1.1\r\nHost: [::g]\r\n", ErrHost},
	{"9112 3.2: a Host with a letter after its address", "GET / HTTP/1.1\r\nHost: [::1]a\r\n", ErrHost},
	{"9112 3.2: a Host whose address has a zone", "GET / HTTP/1.1\r\nHost: [fe80::1%25lo]\r\n", ErrHost},

	{"9110 8.6: an empty length", post + "Content-Length:\r\n", ErrLength},
	{"9110 8.6: a length with a sign", post + "Content-Length: +1\r\n", ErrLength},
	{"9110 8.6: a negative length", post + "Content-Length: -1\r\n", ErrLength},
	{"9110 8.6: a hexadecimal length", post + "Content-Length: 0x1\r\n", ErrLength},
	{"9110 8.6: a list of lengths", post + "Content-Length: 1, 1\r\n", ErrLength},
	{"9110 8.6: a length past 63 bits", post + "Content-Length: 9223372036854775808\r\n", ErrLength},
	{"9110 8.6: a length past 64 bits", post + "Content-Length: 18446744073709551617\r\n", ErrLength},
	{"9112 6.3: a bad length in front of chunked", post + "Content-Length: +1\r\nTransfer-Encoding: chunked\r\n",
		ErrLength},
	{"9112 6.3: two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n", ErrLengthTwice},
	{"9112 6.3: the same length twice", post + "Content-Length: 1\r\nContent-Length: 1\r\n", ErrLengthTwice},
	{"9112 6.3: a length and chunked", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		ErrLengthAndCoding},
	{"9112 6.3: chunked and a length", post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
		ErrLengthAndCoding},
	{"9112 6.3: the last coding must be chunked", post + "Transfer-Encoding: gzip\r\n\r\n", ErrCoding},
	{"9112 6.3: chunked must be the last coding", post + "Transfer-Encoding: chunked, gzip\r\n", ErrCoding},
	{"9112 6.3: chunked must be the last line's coding",
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", ErrCoding},
	{"9112 6.1: chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n", ErrCoding},
	{"9112 6.1: chunked in two lines", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		ErrCoding},
	{"9112 6.1: no coding", post + "Transfer-Encoding:\r\n", ErrCoding},
	{"9112 6.1: an empty coding", post + "Transfer-Encoding: , chunked\r\n", ErrCoding},
	{"9112 6.1: a coding that is no token", post + "Transfer-Encoding: \x0bchunked\r\n", ErrFieldValue},
	{"9112 6.1: a coding with a blank in it", post + "Transfer-Encoding: xchunked chunked\r\n", ErrCoding},
	{"9112 7: chunked in quotes", post + "Transfer-Encoding: \"chunked\"\r\n", ErrCoding},
	{"9112 7.1: chunked with a parameter", post + "Transfer-Encoding: chunked ;a=b\r\n", ErrCoding},
	{"9112 6.1: an unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n",
		ErrUnknownCoding},
	{"9112 6.1: a coding with a parameter", post + "Transfer-Encoding: x;q=1, chunked\r\n\r\n",
		ErrUnknownCoding},
	{"9112 6.1: an unknown coding in the line before chunked",
		post + "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n", ErrUnknownCoding},
	{"9112 6.1: chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCoding10},
	{"9110 10.1.1: an unknown expectation", post + "Expect: a miracle\r\n\r\n", ErrExpect},
	{"9110 10.1.1: an unknown expectation after a known one", post + "Expect: 100-continue\r\nExpect: more\r\n\r\n",
		ErrExpect},

	{"9112 7.1: a chunk without a size", chunky + "\r\n", ErrChunkSize},
	{"9112 7.1: an extension without a size", chunky + ";a\r\n", ErrChunkSize},
	{"9112 7.1: a size that isn't a number", chunky + "g", ErrChunkSize},
	{"9112 7.1: a size with a sign", chunky + "+1\r\n", ErrChunkSize},
	{"9112 7.1: a size with 0x", chunky + "0x1\r\n", ErrChunkSize},
	{"9112 7.1: white space before a size", chunky + " 1\r\n", ErrChunkSize},
	{"9112 7.1: white space after a size", chunky + "1 \r\n", ErrChunkSize},
	{"9112 7.1: white space after the last size", chunky + "0 \r\n", ErrChunkSize},
	{"9112 7.1: a size past 63 bits", chunky + "8000000000000000", ErrChunkSize},
	{"9112 7.1: a size past 64 bits", chunky + "10000000000000001", ErrChunkSize},
	{"9112 7.1: a size padded to 17 digits", chunky + "00000000000000001", ErrChunkSize},
	{"9112 7.1: a size ends with CRLF", chunky + "1\n", ErrChunkSize},
	{"9112 7.1: a CR after a size has its LF", chunky + "1\ra", ErrLineEnd},
	{"9112 7.1.1: an extension ends with CRLF", chunky + "1;a\n", ErrChunkExt},
	{"9112 7.1.1: no control characters in an extension", chunky + "1;a\x00", ErrChunkExt},
	{"9112 7.1.1: no control characters in the last extension", chunky + "0;\x00\r\n", ErrChunkExt},
	{"9112 7.1.1: only an extension may follow white space", chunky + "1 a", ErrChunkSize},
	{"9112 7.1: more data than the size says", chunky + "1\r\nab", ErrChunkEnd},
	{"9112 7.1: data ends with CRLF", chunky + "1\r\na\n", ErrChunkEnd},
	{"9112 7.1: a CR after data has its LF", chunky + "1\r\na\rb", ErrChunkEnd},
	{"9112 7.1.2: a trailer's name is not empty", chunky + "0\r\n: a\r\n", ErrFieldName},
	{"9112 7.1.2: a trailer has a colon", chunky + "0\r\na\r\n", ErrFieldName},
	{"9112 7.1.2: a trailer has no blank before its colon", chunky + "0\r\na : b\r\n", ErrFieldName},
	{"9112 7.1.2: a trailer's name is a token", chunky + "0\r\n\xe4: b\r\n", ErrFieldName},
	{"9112 7.1.2: a trailer isn't folded", chunky + "0\r\na: b\r\n c\r\n", ErrFold},
	{"9112 7.1.2: no NUL in a trailer", chunky + "0\r\na: \x00\r\n", ErrFieldValue},
	{"9112 7.1.2: no bare LF in a trailer", chunky + "0\r\na: b\n", ErrFieldValue},
	{"9112 7.1.2: no bare CR in a trailer", chunky + "0\r\na: b\rc", ErrLineEnd},
	{"9112 7.1: the last line ends with CRLF", chunky + "0\r\n\n", ErrFieldName},
	{"9112 7.1: the last CR has its LF", chunky + "0\r\n\rG", ErrLineEnd},
}

func TestInvalidRequestsAreRefused(t *testing.T) {
	for _, c := range refused {
		t.Run(c.rule, func(t *testing.T) {
			for _, after := range []string{"", "\r\n\r\n", get + "\r\n"} {
				wantError(t, c.in+after, small, c.want)
			}
		})
	}
}

func wantError(t *testing.T, in string, l Limits, want *Error) {
	t.Helper()
	got := sameHowever(t, l, []byte(in), 1, 2, 3, 4)
	if len(got) != 1 || got[0].Err != want {
		t.Errorf("%q gave %+v, want one request refused with %q", in, got, want)
	}
	for from := range len(in) {
		two := read(t, l, []byte(in[:from]), []byte(in[from:]))
		if len(two) != 1 || two[0].Err != want {
			t.Errorf("%q, then %q, gave %+v, want one request refused with %q", in[:from], in[from:], two,
				want)
		}
	}
}

// A request is refused at the first byte that makes it invalid, or at the end of that line.
func TestRequestsAreRefusedAtTheFirstInvalidByte(t *testing.T) {
	for _, c := range refused {
		var r Reader
		r.Reset(small)
		for i := range len(c.in) {
			if ev, _ := r.Next([]byte(c.in[i : i+1])); ev.Kind == End {
				t.Errorf("%s: complete before it was refused", c.rule)
			}
		}
		if r.phase != failed {
			t.Errorf("%s: %q isn't refused at its last byte", c.rule, c.in)
		}
	}
}

// A limit of n bytes allows n bytes and not one more.
func TestLimits(t *testing.T) {
	line := "GET /" + strings.Repeat("x", 100) + " HTTP/1.1\r\n"
	head := line + "Host: a\r\n\r\n"
	many := func(n int) string { return get + strings.Repeat("a:b\r\n", n-1) + "\r\n" }
	sized := func(n int) string {
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", post, n, strings.Repeat("x", n))
	}
	chunks := chunky + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
	trailer := chunky + "0\r\n" + strings.Repeat("abc: defgh\r\n", 10) + "\r\n" // 122 bytes of trailers
	extension := chunky + "1;" + strings.Repeat("x", 79) + "\r\na\r\n1;" + strings.Repeat("x",
		19) + "\r\na\r\n0\r\n\r\n"
	for _, c := range []struct {
		rule string
		in   string
		l    Limits
		want *Error
	}{
		{"a head as long as the limit passes", head, Limits{Head: len(head)}, nil},
		{"a head one byte too long", head, Limits{Head: len(head) - 1}, ErrHeadLimit},
		{"a head with a request line as long as the limit", head, Limits{Head: len(line)}, ErrHeadLimit},
		{"a request line one byte too long", head, Limits{Head: len(line) - 1}, ErrLineLimit},
		{"a method that never ends", strings.Repeat("x", 99), Limits{Head: 50}, ErrLineLimit},
		{"a method whose first bad byte is after the limit", strings.Repeat("x", 50) + "\x00", Limits{Head: 50},
			ErrLineLimit},
		{"a field that never ends", get + strings.Repeat("x", 99), Limits{Head: 50}, ErrHeadLimit},
		{"empty lines don't count as head", strings.Repeat("\r\n", 50) + head, Limits{Head: len(head)},
			nil},
		{"without a limit a head of 16 KiB passes", get + "a:" + strings.Repeat("x",
			16<<10-len(get)-6) + "\r\n\r\n", Limits{}, nil},
		{"without a limit one byte more doesn't", get + "a:" + strings.Repeat("x",
			16<<10-len(get)-5) + "\r\n\r\n", Limits{}, ErrHeadLimit},
		{"100 fields pass", many(100), Limits{}, nil},
		{"101 fields don't", many(101), Limits{}, ErrFieldLimit},
		{"a body as long as the limit passes", sized(11), Limits{Body: 11}, nil},
		{"a body one byte too long", sized(12), Limits{Body: 11}, ErrBodyLimit},
		{"a long body without a limit", sized(5000), Limits{}, nil},
		{"a Content-Length of 63 bits", post + "Content-Length: 9223372036854775807\r\n\r\n",
			Limits{Body: 9}, ErrBodyLimit},
		{"chunks as long as the limit pass", chunks, Limits{Body: 11}, nil},
		{"chunks one byte too long", chunks, Limits{Body: 10}, ErrBodyLimit},
		{"chunks without a limit", chunks, Limits{}, nil},
		{"a chunk size of 63 bits", chunky + "7fffffffffffffff\r\n", Limits{Body: 9}, ErrBodyLimit},
		{"chunk sizes whose sum has more than 63 bits", chunky + "1\r\na\r\n7fffffffffffffff\r\n", Limits{},
			ErrBodyLimit},
		{"trailers as long as the limit pass", trailer, Limits{Head: 122}, nil},
		{"trailers one byte too long", trailer, Limits{Head: 121}, ErrHeadLimit},
		{"100 trailers pass", chunky + "0\r\n" + strings.Repeat("a:\r\n", 100) + "\r\n", Limits{}, nil},
		{"101 trailers don't", chunky + "0\r\n" + strings.Repeat("a:\r\n", 101) + "\r\n", Limits{},
			ErrFieldLimit},
		{"extensions as long as the limit pass", extension,
			Limits{Head: 102}, nil},
		{"extensions that together are longer than the limit", extension, Limits{Head: 99}, ErrChunkLimit},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if c.want != nil {
				wantError(t, c.in, c.l, c.want)
				return
			}
			if got := sameHowever(t, c.l, []byte(c.in), 1, 2, 3, 4); len(got) != 1 || !got[0].End {
				t.Errorf("got %+v, want one complete request", got)
			}
		})
	}
}
