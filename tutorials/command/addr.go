package command

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// chapterBase is the first server's port in the commands that chapters show.
const chapterBase = 8001

// chapterAddrs returns the servers' addresses as chapters show them.
func chapterAddrs() (addrs []string) {
	for i := range models {
		addrs = append(addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(chapterBase+i)))
	}
	return addrs
}

// checkBase prints an error on standard error unless the n ports from base on exist. With base 0 it
// accepts any n.
func checkBase(base, n int) error {
	if base < 0 || base+n-1 > 65535 {
		return misuse("-base %d: ports go from 1 to 65535, and the servers need %d of them", base, n)
	}
	return nil
}

// freeAddrs returns n loopback addresses on which no process listens: base and the ports after it
// or, if base is 0, any free ports. The caller has passed base to checkBase. The addresses must be
// known before the servers start, because each server is told the origins of all of them.
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
			return nil, fmt.Errorf("port %d is in use: end the program that listens there, or choose other "+
				"ports with -base (-base 0: any free ports)",
				port)
		case err != nil:
			return nil, err
		}
		defer ln.Close() // not earlier, because port 0 could then give the same port twice
		addrs = append(addrs, ln.Addr().String())
	}
	return addrs, nil
}
