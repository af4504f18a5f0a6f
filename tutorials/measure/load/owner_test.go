package load

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/sys"
)

// listen listens at a port that the kernel chooses, with a descriptor of the calling thread's table.
func listen() (addr netip.AddrPort, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return addr, err
	}
	if err := unix.Listen(fd, 1); err != nil {
		return addr, err
	}
	at, err := unix.Getsockname(fd)
	in, ok := at.(*unix.SockaddrInet4)
	if !ok {
		return addr, fmt.Errorf("the address of the listener is %v, %v", at, err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(in.Port)), nil
}

func TestAListenerInATableOfAThreadHasAnOwner(t *testing.T) {
	sys.GoUnshared(func(err error) {
		if err != nil {
			t.Error(err)
			return
		}
		addr, err := listen()
		if err != nil {
			t.Error(err)
			return
		}
		got, err := FindOwner(addr, os.Getpid())
		if err != nil || got.PID != os.Getpid() {
			t.Errorf("the owner of %s is %+v, %v; want process %d", addr, got, err, os.Getpid())
		}
	}).Join(sys.Forever)
}
