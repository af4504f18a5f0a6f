package command

import (
	"fmt"
	"io"
	"os"
)

// coloured reports whether f is a terminal whose user hasn't asked for output without colours.
func coloured(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// isTerminal reports whether a file is a terminal, or another character device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// statusLine writes output. If standard error is a terminal, a line below the output says what is
// being done.
type statusLine struct {
	out   io.Writer
	line  io.Writer // nil if there is no status line
	shown bool
}

// outWithStatus returns standard output, with a status line if standard error is a terminal.
func outWithStatus() *statusLine {
	s := &statusLine{out: os.Stdout}
	if isTerminal(os.Stderr) {
		s.line = os.Stderr
	}
	return s
}

// say replaces the status line.
func (s *statusLine) say(what string) {
	if s.line != nil {
		s.clear()
		fmt.Fprintf(s.line, "  %s ...", what)
		s.shown = true
	}
}

// Write removes the status line and writes b in its place.
func (s *statusLine) Write(b []byte) (int, error) {
	s.clear()
	return s.out.Write(b)
}

// clear removes the status line.
func (s *statusLine) clear() {
	if s.shown {
		fmt.Fprint(s.line, "\r\x1b[K")
		s.shown = false
	}
}
