package command

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// chapterBase is the first of the servers' ports as chapters give them.
const chapterBase = 8001

// chapterAddrs are the servers' addresses as chapters give them.
func chapterAddrs() (addrs []string) {
	for i := range models {
		addrs = append(addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(chapterBase+i)))
	}
	return addrs
}

// checkBase complains, on standard error, unless n ports from base on can exist.
// Base 0 is any ports.
func checkBase(base, n int) error {
	if base < 0 || base+n-1 > 65535 {
		return misuse("-base %d: ports go from 1 to 65535, and %d are needed", base, n)
	}
	return nil
}

// freeAddrs returns n loopback addresses that nobody listens on: base, which
// checkBase has passed, and the ports after it, or, if base is 0, any ports. They must be known before the
// servers start, for each is told the origins of all.
func freeAddrs(base, n int) ([]string, error) {
	addrs := make([]string, 0, n)
	for i := range n {
		port := base
		if base != 0 {
			port += i
		}
		ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("port %d is busy: end what listens there, or choose others with -base (0: any that are free)",
				port)
		case err != nil:
			return nil, err
		}
		defer ln.Close() // only then, or port 0 could give the same one twice
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}
