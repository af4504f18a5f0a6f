package outq

import "sync"

// Pool keeps the blocks and nodes that the queues of one loop share.
// Its zero value is ready to use.
type Pool struct {
	free  [large]*node
	count [large]int
	large [len(classes) - large]sync.Pool // the garbage collector's to empty: what is idle is given back
	held  int64                           // bytes that are in use: of blocks lent, of nodes, and what Hold was told
}

// Held is how many bytes of the Pool's memory are in use, and of other memory that Hold has counted.
func (p *Pool) Held() int64 { return p.held }

// Hold counts n bytes of other memory as held or, where n is negative, no longer.
func (p *Pool) Hold(n int64) { p.held += n }

// nodeSize is approximately how many bytes a node takes.
const nodeSize = 112

// classes are the capacities of blocks in bytes. The first is none: its nodes
// carry shared bytes or a file. The second holds some small responses; that of
// 128 KiB any message that a single read can bring; and those from 64 KiB on
// collect messages that come in pieces.
var classes = [...]int{0, 512, 4 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20}

const (
	bare = 0
	// large is the first class that Lend lends, and the first that a sync.Pool keeps.
	large = 4
	// madeToMeasure is the class of a block made to measure; it is never kept.
	madeToMeasure = -1
	// maxFreeBytes is how many bytes of free blocks of one class a Pool holds on to.
	maxFreeBytes = 4 << 20
	// maxFreeBare is the same for nodes without a block, in nodes.
	maxFreeBare = 4096
)

// LendMin is the capacity of the smallest block that Lend lends, in bytes.
const LendMin = 64 << 10

// Lend returns an empty block with room for want bytes, or, if that is more than
// most, one as large as there is up to that. most is LendMin at least. The block
// is the caller's, who may give it to Adopt or GiveBack, or forget it.
func (p *Pool) Lend(want, most int64) []byte {
	c := large
	for c+1 < len(classes) && int64(classes[c]) < want && int64(classes[c+1]) <= most {
		c++
	}
	n := p.obtain(int8(c))
	block := n.block
	n.class, n.block = bare, nil
	p.put(n)
	return block[:0]
}

// GiveBack takes a block that Lend has lent, and that nobody uses any longer. Other
// memory that was counted by Hold is counted no longer, and left to the garbage
// collector.
func (p *Pool) GiveBack(block []byte) { p.put(p.nodeOf(block)) }

// nodeOf returns a node with block as its bytes, and as its own. It goes back to
// the Pool if its capacity is that of a block that Lend lends.
func (p *Pool) nodeOf(block []byte) *node {
	n := p.bare()
	n.p, n.block, n.class = block, block[:cap(block)], madeToMeasure
	for c := large; c < len(classes); c++ {
		if cap(block) == classes[c] {
			n.block, n.class = block[:cap(block)], int8(c)
		}
	}
	return n
}

// obtainFor returns a node with an empty block of capacity n or more.
func (p *Pool) obtainFor(n int) *node {
	for c := bare + 1; c < len(classes); c++ {
		if n <= classes[c] {
			return p.obtain(int8(c))
		}
	}
	b := make([]byte, n)
	p.held += int64(n) + nodeSize
	return &node{block: b, p: b[:0], class: madeToMeasure}
}

func (p *Pool) bare() *node { return p.obtain(bare) }

func (p *Pool) obtain(c int8) *node {
	p.held += int64(classes[c]) + nodeSize
	if c >= large {
		if n, _ := p.large[c-large].Get().(*node); n != nil {
			return n
		}
	} else if n := p.free[c]; n != nil {
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
	p.held -= int64(len(n.block)) + nodeSize
	if c == madeToMeasure { // its block is the garbage collector's, the node is as good as any
		c, n.block = bare, nil
	}
	if c < large && p.count[c] >= maxFree(c) {
		return
	}
	*n = node{block: n.block, p: n.block[:0], class: c}
	if c >= large {
		p.large[c-large].Put(n)
		return
	}
	n.next = p.free[c]
	p.free[c] = n
	p.count[c]++
}

func maxFree(c int8) int {
	if c == bare {
		return maxFreeBare
	}
	return maxFreeBytes / classes[c]
}
