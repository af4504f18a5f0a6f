//go:build !linux

package command

import "fmt"

// traceServer does nothing on this system.
func traceServer([]string) error {
	return fmt.Errorf("trace needs strace, which exists only for Linux: %w", notHere())
}
