package conn

import (
	"os"

	"threeloops/common/sys"
)

// StopDeferring switches TCP_DEFER_ACCEPT off. While it is on, the kernel doesn't return a client
// from accept(2) that has sent nothing yet, and resets the client when the listener closes, even if
// its request arrives at that moment. Without it the kernel hands over such a client when its first
// bytes come, or about a second after it has connected.
func StopDeferring(all []*Listener) error {
	for _, ln := range all {
		if err := sys.SetsockoptInt(ln.FD, sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, 0); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
