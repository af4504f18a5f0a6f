//go:build !linux

package tester

import (
	"errors"
	"net/netip"
	"syscall"
)

// lookup finds nothing: only Linux has sock_diag(7).
func lookup(local, remote netip.AddrPort) (s socket, ok bool) { return s, false }

// withoutReuseAddr does nothing, because the option means different things on different systems.
func withoutReuseAddr(string, string, syscall.RawConn) error { return nil }

// limitDescriptors fails: only Linux can change the limit of another process.
func limitDescriptors(int, uint64) (uint64, error) { return 0, errors.ErrUnsupported }
