package million

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// dialer makes connections from the addresses that one thread uses. It keeps the addresses as package
// unix needs them, so that a connection allocates nothing.
type dialer struct {
	to, from unix.SockaddrInet4
	first    int // number of the thread's first source address
	ports    int // connections from each source address
	made     int
}

// dial makes a socket that begins to connect, from the next source address.
func (d *dialer) dial() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("socket: %w", err)
	}
	// Without this option bind would choose the port. At that time it doesn't know the peer, so all
	// connections from the address together would have only 28,000 ports, for all peers.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("setsockopt: %w", err)
	}
	d.from.Addr = source(d.first + d.made/d.ports)
	if err := unix.Bind(fd, &d.from); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Connect(fd, &d.to); err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return -1, fmt.Errorf("connect: %w", err)
	}
	d.made++
	return fd, nil
}

// source is the i-th address from which clients connect: 127.32.0.1, 127.32.0.2 and so on, without
// those that end in 0 or 255.
func source(i int) [4]byte {
	const each = 254
	return [4]byte{127, byte(32 + i/each/256), byte(i / each), byte(1 + i%each)}
}

// sources is how many addresses source can return.
const sources = 200 * 256 * 254
