package load

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// apart runs f on a thread that isn't the main thread and that ends with f.
func apart(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			apart(f) // while this goroutine keeps the main thread
			runtime.UnlockOSThread()
			return
		}
		f()
	}()
	<-ended
}

// listenApart listens with a descriptor that only this thread has.
func listenApart() (addr netip.AddrPort, err error) {
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return addr, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return addr, err
	}
	if err := unix.Listen(fd, 1); err != nil { // at a port that the kernel chooses
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
	apart(func() {
		addr, err := listenApart()
		if err != nil {
			t.Error(err)
			return
		}
		got, err := FindOwner(addr, os.Getpid())
		if err != nil || got.PID != os.Getpid() {
			t.Errorf("the owner of %s is %+v, %v; want process %d", addr, got, err, os.Getpid())
		}
	})
}
