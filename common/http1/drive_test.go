package http1

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A request is everything that a Reader reports about one request.
type request struct {
	Method, Target, Path, Query, Host string
	Minor                             int
	Length                            int64
	Fields                            string // one "name: value" a line
	Is                                string // names of the methods that return true
	Body                              string
	End                               bool // the event End has come
	Err                               *Error
}

// read passes the pieces to a Reader and returns the requests in them. Like a driver, it copies
// every piece into the same buffer. It also passes the bytes after an error, which must change
// nothing. Each request has a new Reader, so that no request can depend on an earlier one.
func read(t testing.TB, l Limits, pieces ...[]byte) (requests []request) {
	t.Helper()
	return readBy(t, nil, l, pieces...)
}

// readBy is read with the Reader r, which may have read requests before. If r is nil, each request
// has a new Reader.
func readBy(t testing.TB, r *Reader, l Limits, pieces ...[]byte) (requests []request) {
	t.Helper()
	renew := r == nil
	if renew {
		r = new(Reader)
	}
	r.Reset(l)
	var now request
	var scratch []byte
	for _, piece := range pieces {
		scratch = append(scratch[:0], piece...)
		for p, more := scratch, true; more; {
			ev, n := r.Next(p)
			switch ev.Kind {
			case Head:
				now = describe(r.Request())
				path, ok := DecodePath(nil, r.Request().Path())
				if r.Request().PlainPath() && (!ok || string(path) != now.Path || now.Path != now.Target) {
					t.Errorf("PlainPath is true for %q, but DecodePath returns %q", now.Target, path)
				}
			case Body:
				if len(ev.Data) == 0 {
					t.Error("an event Body has no data")
				}
				now.Body += string(ev.Data)
			case End:
				if kept := describe(r.Request()); kept.Fields != now.Fields || kept.Target != now.Target {
					t.Errorf("the Request changed between Head and End: %s", cmp.Diff(now, kept))
				}
				now.End = true
				requests, now = append(requests, now), request{}
				if renew {
					r = new(Reader)
				}
				r.Reset(l)
			case Failed:
				now.Err = ev.Err
				requests, now = append(requests, now), request{}
			case NeedMore:
				more = false
			}
			if ev.Kind == NeedMore && n != len(p) {
				t.Errorf("NeedMore after %d of %d bytes, want all of them read", n, len(p))
			}
			p = p[n:]
		}
		if !bytes.Equal(scratch, piece) {
			t.Error("the Reader wrote to the bytes that it was lent")
		}
		r.Keep()
		for i := range scratch {
			scratch[i] = '!' // makes a reference to the old bytes visible
		}
	}
	if now.Method != "" {
		requests = append(requests, now)
	}
	return requests
}

func describe(q *Request) request {
	d := request{
		Method: string(q.Method()), Target: string(q.Target()), Path: string(q.Path()),
		Query: string(q.Query()),
		Host:  string(q.Host()), Minor: q.Minor(), Length: q.ContentLength(),
	}
	for _, f := range q.fields[:q.count] {
		d.Fields += string(q.in(f.name)) + ": " + string(q.in(f.value)) + "\n"
	}
	var is []string
	for _, question := range []struct {
		name string
		yes  bool
	}{
		{"asterisk", q.Asterisk()}, {"close", q.Close()}, {"continue", q.ExpectContinue()}, {"keep-alive 1.0",
			q.KeepAlive10()}, {"conditional", q.Conditional()},
	} {
		if question.yes {
			is = append(is, question.name)
		}
	}
	d.Is = strings.Join(is, ", ")
	return d
}

// cut splits p at random places. Some pieces are empty.
func cut(p []byte, seed uint64) (pieces [][]byte) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	mean := 1 + rnd.IntN(1+len(p))
	for len(p) > 0 {
		n := min(len(p), rnd.IntN(2*mean))
		pieces, p = append(pieces, p[:n]), p[n:]
	}
	return pieces
}

func singly(p []byte) (pieces [][]byte) {
	for i := range p {
		pieces = append(pieces, p[i:i+1])
	}
	return pieces
}

// sameHowever checks that p gives the same requests however it is cut and whatever the Reader has
// read before. It returns these requests.
func sameHowever(t testing.TB, l Limits, p []byte, seeds ...uint64) []request {
	t.Helper()
	var r Reader
	whole := read(t, l, p)
	check := func(how string, pieces [][]byte) {
		t.Helper()
		if diff := cmp.Diff(whole, read(t, l, pieces...)); diff != "" {
			t.Errorf("%q in one piece (-) differs from the same bytes %s (+):\n%s", p, how, diff)
		}
		if diff := cmp.Diff(whole, readBy(t, &r, l, pieces...)); diff != "" {
			t.Errorf("%q in one piece (-) differs from the same bytes %s with a Reader that is used again (+):\n%s", p, how, diff)
		}
	}
	check("again", [][]byte{p})
	check("byte by byte", singly(p))
	for _, seed := range seeds {
		check("in pieces", cut(p, seed))
	}
	return whole
}
