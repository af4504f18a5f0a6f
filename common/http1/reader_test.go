package http1

import (
	"bytes"
	"strings"
	"testing"
)

func TestStartedIsTrueFromTheFirstByteOfTheRequest(t *testing.T) {
	var r Reader
	for _, step := range []struct {
		piece string
		want  bool
		why   string
	}{
		{"", false, "nothing has arrived"},
		{"\r\n\r\n", false, "empty lines aren't part of a request"},
		{"\r", false, "a CR may be half of an empty line"},
		{"\n", false, "this LF completes an empty line"},
		{"G", true, "a request has begun"},
		{"ET / HTTP/1.0\r\n\r\n", true, "its head is complete"},
		{"", true, "it is complete, but not Reset"},
	} {
		r.Next([]byte(step.piece))
		if got := r.Started(); got != step.want {
			t.Errorf("after %q Started() = %v, but %s", step.piece, got, step.why)
		}
	}
	if r.Reset(Limits{}); r.Started() {
		t.Error("Started() is true after Reset")
	}
	r.Next([]byte("\x16"))
	if !r.Started() {
		t.Error("Started() is false after a refused request")
	}
}

func TestEndIsRepeatedAndReadsNothing(t *testing.T) {
	var r Reader
	in := []byte("GET / HTTP/1.0\r\n\r\nGET")
	_, n := r.Next(in)
	for range 3 {
		if ev, taken := r.Next(in[n:]); ev.Kind != End || taken != 0 {
			t.Errorf("after the end Next returns %v and reads %d bytes", ev.Kind, taken)
		}
	}
}

func TestAfterAnErrorEverythingIsDiscarded(t *testing.T) {
	var r Reader
	in := []byte("GET / HTTP/1.1\r\nx y\r\n\r\n")
	if ev, n := r.Next(in); ev.Kind != Failed || n != len(in) {
		t.Errorf("for a bad head Next returns %v and reads %d of %d bytes", ev.Kind, n, len(in))
	}
	if got := r.Request().Method(); len(got) != 0 {
		t.Errorf("a refused head has the method %q", got)
	}
	if ev, n := r.Next(in); ev.Kind != NeedMore || n != len(in) {
		t.Errorf("after an error Next returns %v and reads %d of %d bytes", ev.Kind, n, len(in))
	}
}

func TestAHeadInOnePieceIsNotCopied(t *testing.T) {
	in := []byte("GET /abc HTTP/1.0\r\n\r\n")
	var r Reader
	r.Next(in)
	in[5] = 'x'
	if got := string(r.Request().Path()); got != "/xbc" {
		t.Errorf("the path is %q, so the head was copied", got)
	}
	r.Keep()
	in[5] = 'y'
	if got := string(r.Request().Path()); got != "/xbc" {
		t.Errorf("the path is %q, so Keep didn't copy it", got)
	}
}

func TestBodyIsNotCopied(t *testing.T) {
	for _, in := range []string{post + "Content-Length: 9\r\n\r\nabc", chunky + "9\r\nabc"} {
		p := []byte(in)
		var r Reader
		_, n := r.Next(p)
		ev, _ := r.Next(p[n:])
		if ev.Kind != Body || &ev.Data[0] != &p[len(p)-3] {
			t.Errorf("%q: the body %q is a copy", in, ev.Data)
		}
	}
}

func TestKeepBeforeTheHeaderFieldsDoesNothing(t *testing.T) {
	var r Reader
	r.Keep()
	r.Next([]byte("GET / HT"))
	r.Keep()
	if ev, _ := r.Next([]byte("TP/1.0\r\n\r\n")); ev.Kind != Head || string(r.Request().Target()) != "/" {
		t.Errorf("got %v with the target %q", ev.Kind, r.Request().Target())
	}
}

// If each piece started a new search, a slow client could cost as much work as it likes.
func TestNoByteIsSearchedTwice(t *testing.T) {
	head := "GET /" + strings.Repeat("x", 999) + " HTTP/1.1\r\nHost: a\r\na: " + strings.Repeat("y", 999)
	var r Reader
	for i := range len(head) {
		if ev, _ := r.Next([]byte(head[i : i+1])); ev.Kind != NeedMore {
			t.Fatalf("Next returns %v for byte %d", ev, i)
		}
		// The SP after the method is the only byte that is searched twice.
		if want := i + 1; r.searched != want && r.req.method.to != i {
			t.Fatalf("%d bytes have arrived, and %d have been searched", want, r.searched)
		}
	}
}

func TestResetKeepsSmallBuffersOnly(t *testing.T) {
	for _, size := range []int{1 << 10, 60 << 10, 70 << 10, 1 << 20} {
		var r Reader
		l := Limits{Head: 2 << 20}
		r.Reset(l)
		r.Next([]byte(get + "a: "))
		r.Next(bytes.Repeat([]byte("x"), size))
		r.Reset(l)
		if kept, want := cap(r.buf) > 0, size < maxKeptBuffer; kept != want || cap(r.buf) > maxKeptBuffer {
			t.Errorf("after a head of %d bytes Reset keeps a buffer of %d bytes", size, cap(r.buf))
		}
	}
}

func TestResetKeepsNoReferenceToTheCallersBytes(t *testing.T) {
	var r Reader
	r.Next([]byte("GET / HTTP/1.0\r\n\r\n"))
	if r.Reset(Limits{}); r.req.head != nil {
		t.Error("the Reader still refers to the last request")
	}
	if n := len(r.Request().Path()); n != 0 {
		t.Errorf("the path has %d bytes after Reset, want 0", n)
	}
}

func TestKindsHaveNames(t *testing.T) {
	for k, want := range map[Kind]string{NeedMore: "NeedMore", Head: "Head", Body: "Body", End: "End",
		Failed: "Failed"} {
		if got := k.String(); got != want {
			t.Errorf("Kind(%d).String() = %q, want %q", k, got, want)
		}
	}
}

func TestErrorSaysStatusAndReason(t *testing.T) {
	if got, want := ErrHeadLimit.Error(), "431: header fields too large"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMethodKindTellsHEADFromOtherMethods(t *testing.T) {
	for in, want := range map[string]MethodKind{
		"": MethodUnknown, "\r\n": MethodUnknown, "\rG": MethodUnknown, "H": MethodUnknown, "HEA": MethodUnknown, "\r\nHEAD": MethodUnknown,
		"HEAD ": MethodHEAD, "HEAD / HTTP/1.1\r\nHo": MethodHEAD, "HEAD / HTTP/1.1\r\n\r\n": MethodHEAD,
		"HEAD /\x00": MethodHEAD, "HEAD\r": MethodHEAD, "HEAD\n": MethodHEAD, "HEAD / HTTP/2.0\r\n": MethodHEAD,
		"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab": MethodHEAD,
		chunkyHead + "x": MethodHEAD, chunkyHead + "2\r\nab!": MethodHEAD,
		"G": MethodOther, "HE(": MethodOther, "head ": MethodOther, "HEADS ": MethodOther, "\x16": MethodOther,
		get + "\r\n": MethodOther, chunky + "x": MethodOther,
	} {
		for cut := range len(in) + 1 {
			var r Reader
			for _, p := range []string{in[:cut], in[cut:]} {
				for ev, n := r.Next([]byte(p)); ev.Kind != NeedMore && ev.Kind != End; ev, n = r.Next([]byte(p)) {
					p = p[n:]
				}
				r.Keep()
			}
			if got := r.MethodKind(); got != want {
				t.Errorf("%q, cut at %d: got %d, want %d", in, cut, got, want)
			}
		}
	}
}

const chunkyHead = "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
