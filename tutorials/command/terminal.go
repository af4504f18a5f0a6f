package command

import (
	"fmt"
	"io"
	"os"
)

// coloured reports whether a file is a terminal whose reader hasn't asked for no colours.
func coloured(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// isTerminal reports whether a file is a terminal, or seems to be one.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// statusLine is output with a line below it, while that is a terminal, which says what is going on.
type statusLine struct {
	out   io.Writer
	line  io.Writer // nil: there is no such line
	shown bool
}

// outWithStatus is standard output, with the line if standard error is a terminal.
func outWithStatus() *statusLine {
	s := &statusLine{out: os.Stdout}
	if isTerminal(os.Stderr) {
		s.line = os.Stderr
	}
	return s
}

// say replaces the line.
func (s *statusLine) say(what string) {
	if s.line != nil {
		s.clear()
		fmt.Fprintf(s.line, "  %s ...", what)
		s.shown = true
	}
}

// Write writes above the line, which goes.
func (s *statusLine) Write(b []byte) (int, error) {
	s.clear()
	return s.out.Write(b)
}

// clear removes the line.
func (s *statusLine) clear() {
	if s.shown {
		fmt.Fprint(s.line, "\r\x1b[K")
		s.shown = false
	}
}
