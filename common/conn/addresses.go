package conn

import "net/netip"

// Addresses counts the connections of each address, so that no client can take all.
// An IPv6 client has a whole network of addresses, so the first 64 bits count. It
// belongs to one loop.
type Addresses struct {
	Max    int  // connections of an address; 0: any number, and none is counted
	Exempt bool // those on loopback may have any number: they may be a proxy's

	byPrefix map[netip.Prefix]*Address
}

// Address is one of Addresses that has connections.
type Address struct {
	counts *Addresses
	prefix netip.Prefix
	n      int
}

// admit counts a connection. It reports false if its address has too many. The
// Address may be nil: then nothing is counted.
func (a *Addresses) admit(peer netip.Addr) (*Address, bool) {
	peer = peer.Unmap()
	if a.Max == 0 || !peer.IsValid() || a.Exempt && peer.IsLoopback() {
		return nil, true
	}
	prefix := Network(peer)
	at := a.byPrefix[prefix]
	switch {
	case at == nil:
		if a.byPrefix == nil {
			a.byPrefix = map[netip.Prefix]*Address{}
		}
		at = &Address{counts: a, prefix: prefix}
		a.byPrefix[prefix] = at
	case at.n >= a.Max:
		return nil, false
	}
	at.n++
	return at, true
}

// Release notes that one of the connections is closed. It may be called on nil.
func (at *Address) Release() {
	if at == nil {
		return
	}
	if at.n--; at.n == 0 {
		delete(at.counts.byPrefix, at.prefix)
	}
}

// Network is what of an address stands for one client: all of IPv4, and the first 64
// bits of IPv6.
func Network(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero Addr alone
	return p
}
