package million

// budget decides how many connections may be opened, from the memory that is left.
type budget struct {
	reserve int64   // bytes that must stay available
	cost    float64 // bytes of both ends of a connection
}

// portion is how many connections are allowed at a time. With a cost of 6 KiB they take 30 MiB, and
// the memory is looked at again before the next portion.
const portion = 5000

// These are the limits within which a measured cost is believed. Without slabinfo, other programs'
// memory disturbs the measurement of the first connections.
const (
	leastCost = 4 << 10
	mostCost  = 64 << 10
)

// believe returns a measured cost, within the limits.
func believe(cost float64) float64 { return min(max(cost, leastCost), mostCost) }

// permits is how many more connections may be opened now, if available bytes are left, and so many
// connections are allowed but not open: these will still take memory.
func (b *budget) permits(available int64, pending int) int {
	n := int(float64(available-b.reserve)/b.cost) - pending
	return max(0, min(n, portion-pending))
}

// fits is how many more connections fit into the memory.
func (b *budget) fits(available int64) int {
	return max(0, int(float64(available-b.reserve)/b.cost))
}

// short reports whether so little memory is left that the connections have to be closed: another
// program has taken half of the reserve.
func (b *budget) short(available int64) bool { return available < b.reserve/2 }
