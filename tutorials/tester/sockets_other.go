//go:build !linux

package tester

import (
	"errors"
	"net/netip"
)

// lookup finds nothing: only Linux is asked.
func lookup(local, remote netip.AddrPort) (s socket, ok bool) { return s, false }

// limitDescriptors can't be done elsewhere than on Linux.
func limitDescriptors(int, uint64) (uint64, error) { return 0, errors.ErrUnsupported }
