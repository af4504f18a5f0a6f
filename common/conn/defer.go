package conn

import (
	"os"

	"threeloops/common/sys"
)

// StopDeferring switches TCP_DEFER_ACCEPT off. While the option is on, accept(2) doesn't return a
// client that has sent nothing. When the listener closes, the kernel resets such a client, even if
// its request arrives at that moment. After StopDeferring accept(2) returns the client when its
// first bytes arrive, or about a second after it has connected.
func StopDeferring(all []*Listener) error {
	for _, ln := range all {
		if err := sys.SetsockoptInt(ln.FD, sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, 0); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	return nil
}
