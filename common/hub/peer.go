package hub

import "fmt"

// Addr is the address of a client in 16 bytes, in the form of netip.Addr.As16: an IPv4 address
// begins with ::ffff. The zero Addr means that the address is unknown.
type Addr [16]byte

// PeerKey returns the key by which clients of the address a are counted. For an IPv6 address this
// is its /64 network. A network gets at least that many addresses (RFC 6177), and a client in it
// can use any of them.
func PeerKey(a Addr) Addr {
	const network = 8
	if [network]byte(a[:network]) != [network]byte{} { // IPv4 and ::1 begin with zeros
		clear(a[network:])
	}
	return a
}

// peerLimitReason returns the reason why an address can't have another polling member, or "".
func (h *Hub) peerLimitReason(peer Addr) string {
	if n := h.byPeer[peer]; h.PerPeer > 0 && n >= h.PerPeer {
		return fmt.Sprintf("this address already has %d members without a WebSocket: remove one, or join with a WebSocket", n)
	}
	return ""
}

// countPeer counts a polling member for its address.
func (h *Hub) countPeer(m *member) {
	if m.peer != (Addr{}) {
		h.byPeer[m.peer]++
	}
}

// uncountPeer undoes countPeer.
func (h *Hub) uncountPeer(m *member) {
	if m.peer == (Addr{}) {
		return
	}
	if h.byPeer[m.peer]--; h.byPeer[m.peer] == 0 {
		delete(h.byPeer, m.peer)
	}
}
