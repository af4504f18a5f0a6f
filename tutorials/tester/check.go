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
	kinds   string   // names of kinds, separated by blanks
	after   []string // names of checks: if one of them fails, this one can't tell anything
	process bool     // inspects the server's process, or ends it
	run     func(e *env) error
}

// Symptom is what a failed check saw. It names no cause.
type Symptom struct {
	Sent     string // what the tester did to the server
	Expected string // what a correct server does then, and the rule's RFC and section if it has one
	Came     string // what this server did
}

// Error returns the three parts, one line each.
func (s *Symptom) Error() string {
	return "sent      " + s.Sent + "\nexpected  " + s.Expected + "\ngot       " + s.Came
}

// leftOut is the reason why a check doesn't apply to this server.
type leftOut string

func (l leftOut) Error() string { return string(l) }

// saw turns err, the reason why an answer didn't come as expected, into a symptom. It returns nil, a
// symptom and a leftOut unchanged.
func saw(sent, expected string, err error) error {
	var known *Symptom
	if err == nil || errors.As(err, &known) || errors.As(err, new(leftOut)) {
		return err
	}
	return &Symptom{sent, expected, came(err)}
}

// came says in a learner's words what the error of a socket means.
func came(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "no further byte, until the tester gave up waiting (-patience)"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the end of the connection (FIN) in the middle of an answer"
	case errors.Is(err, io.EOF):
		return "the end of the connection (FIN) without an answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "a reset of the connection (RST)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: no process listens on the port any more"
	}
	return err.Error()
}

// quote shows the first bytes of b as a Go string.
func quote(b []byte) string {
	const most = 60
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return strconv.Quote(string(b))
}

// different describes the first byte of got that differs from want, or how their lengths differ. It
// returns nil if they are equal.
func different(want, got []byte) error {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Errorf("%d bytes, but from byte %d on they are wrong: %s instead of %s",
				len(got), i, quote(got[i:min(i+20, len(got))]), quote(want[i:min(i+20, len(want))]))
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("%d bytes instead of %d: %s", len(got), len(want), quote(got))
	}
	return nil
}
