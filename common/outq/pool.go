package outq

// Pool keeps the blocks and nodes that the queues of one loop share.
// Its zero value is ready to use.
type Pool struct {
	free  [len(classes)]*node
	count [len(classes)]int
}

// classes are the capacities of blocks in bytes. The first is none: its nodes
// carry shared bytes or a file. The second holds some small replies; the last
// one any message that a single read can bring.
var classes = [...]int{0, 512, 4 << 10, 32 << 10, 128 << 10}

const (
	bare = 0
	// odd is the class of a block made to measure; it is never kept.
	odd = -1
	// keep is how many bytes of free blocks of one class a Pool holds on to.
	keep = 4 << 20
	// keepBare is the same for nodes without a block, in nodes.
	keepBare = 4096
)

// get returns a node with an empty block of capacity n or more.
func (p *Pool) get(n int) *node {
	for c := bare + 1; c < len(classes); c++ {
		if n <= classes[c] {
			return p.take(int8(c))
		}
	}
	b := make([]byte, n)
	return &node{block: b, p: b[:0], class: odd}
}

func (p *Pool) bare() *node { return p.take(bare) }

func (p *Pool) take(c int8) *node {
	if n := p.free[c]; n != nil {
		p.free[c] = n.next
		p.count[c]--
		n.next = nil
		return n
	}
	n := &node{class: c}
	if c != bare {
		n.block = make([]byte, classes[c])
		n.p = n.block[:0]
	}
	return n
}

func (p *Pool) put(n *node) {
	c := n.class
	if c == odd || p.count[c] >= limit(c) {
		return
	}
	*n = node{next: p.free[c], block: n.block, p: n.block[:0], class: c}
	p.free[c] = n
	p.count[c]++
}

func limit(c int8) int {
	if c == bare {
		return keepBare
	}
	return keep / classes[c]
}
