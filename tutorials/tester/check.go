package tester

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

// check is one thing that a server of some kind must do.
type check struct {
	name    string
	chapter int
	kinds   string   // names of kinds, with blanks between
	after   []string // checks without which this one says nothing
	process bool     // looks at the server's process, or ends it
	run     func(e *env) error
}

// Symptom is what a failed check saw. It names no cause.
type Symptom struct {
	Sent     string // what was done to the server
	Expected string // and by which rule
	Came     string
}

// Error gives the three parts, a line each.
func (s *Symptom) Error() string {
	return "sent      " + s.Sent + "\nexpected  " + s.Expected + "\ncame      " + s.Came
}

// leftOut is the reason why a check can't be made with this server.
type leftOut string

func (l leftOut) Error() string { return string(l) }

// saw returns the symptom when err is why an answer didn't come as expected.
func saw(sent, expected string, err error) error {
	var known *Symptom
	if err == nil || errors.As(err, &known) || errors.As(err, new(leftOut)) {
		return err
	}
	return &Symptom{sent, expected, came(err)}
}

// came says in a learner's words what an error of a socket means.
func came(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing more, until the tester gave up waiting"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the end of the connection in the middle of an answer"
	case errors.Is(err, io.EOF):
		return "the end of the connection (FIN), and no answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "a reset of the connection (RST)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "a refusal: nobody listens there any more"
	}
	return err.Error()
}

// quote shows bytes, not too many of them.
func quote(b []byte) string {
	const most = 60
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return strconv.Quote(string(b))
}

// different describes the first difference between two runs of bytes.
func different(want, got []byte) error {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Errorf("%d bytes, of which byte %d is wrong: %s in place of %s",
				len(got), i, quote(got[i:min(i+20, len(got))]), quote(want[i:min(i+20, len(want))]))
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("%d bytes in place of %d: %s", len(got), len(want), quote(got))
	}
	return nil
}
