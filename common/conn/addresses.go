package conn

import "net/netip"

// Addresses counts the connections of each client address, so that no client can take all. An IPv6
// client usually has a whole network of addresses, so the first 64 bits count as one address. An
// Addresses belongs to one loop.
type Addresses struct {
	Max    int  // most connections of an address; 0: no limit, and no connection is counted
	Exempt bool // loopback addresses have no limit, because they may be a proxy's

	byPrefix map[netip.Prefix]*Address
}

// Address is a client address that has connections.
type Address struct {
	counts *Addresses
	prefix netip.Prefix
	n      int
}

// admit counts a connection of peer. It returns false if the address has too many. The Address is
// nil if the connection isn't counted.
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

// Release must be called when one of the connections is closed. It may be called on nil.
func (at *Address) Release() {
	if at == nil {
		return
	}
	if at.n--; at.n == 0 {
		delete(at.counts.byPrefix, at.prefix)
	}
}

// Network is the part of an address that counts as one client: the whole of an IPv4 address, and
// the first 64 bits of an IPv6 address.
func Network(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap().WithZone(""); a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails only for the zero Addr
	return p
}
