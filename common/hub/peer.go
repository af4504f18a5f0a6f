package hub

import "fmt"

// Addr is the address of a client in 16 bytes, as netip.Addr.As16 has it: those
// of IPv4 begin with ::ffff. Its zero value means that nothing is known of it.
type Addr [16]byte

// PeerKey is what an address counts as where clients are limited by address. Of
// an IPv6 address that is its /64: a network gets at least that many addresses
// (RFC 6177), and a client of it can come from any of them.
func PeerKey(a Addr) Addr {
	const network = 8
	if [network]byte(a[:network]) != [network]byte{} { // else it is IPv4, or ::1
		clear(a[network:])
	}
	return a
}

// peerLimitReason is the reason why an address can't have another polling member, or "".
func (h *Hub) peerLimitReason(peer Addr) string {
	if n := h.byPeer[peer]; h.PerPeer > 0 && n >= h.PerPeer {
		return fmt.Sprintf("this address has %d members without WebSocket already: leave with one, or come with a WebSocket", n)
	}
	return ""
}

// countPeer counts a polling member of an address.
func (h *Hub) countPeer(m *member) {
	if m.peer != (Addr{}) {
		h.byPeer[m.peer]++
	}
}

// uncountPeer counts one member less.
func (h *Hub) uncountPeer(m *member) {
	if m.peer == (Addr{}) {
		return
	}
	if h.byPeer[m.peer]--; h.byPeer[m.peer] == 0 {
		delete(h.byPeer, m.peer)
	}
}
