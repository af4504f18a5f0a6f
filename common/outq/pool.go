package outq

import "sync"

// Pool keeps blocks and nodes for the queues of one loop. The zero Pool is ready to use.
type Pool struct {
	free  [large]*node
	count [large]int
	large [len(classes) - large]sync.Pool // emptied by the garbage collector
	held  int64                           // bytes in use, see Held
}

// Held returns the number of bytes in use: memory of the Pool, and other memory that Hold has
// counted.
func (p *Pool) Held() int64 { return p.held }

// Hold counts n bytes of other memory as held. A negative n ends that.
func (p *Pool) Hold(n int64) { p.held += n }

// nodeSize is the approximate size of a node in bytes.
const nodeSize = 112

// classes are the capacities of blocks in bytes. A node of the first class has no block: it is for
// shared bytes or a file. A block of the second class has room for a few small responses, and a
// block of 128 KiB for every message that one read can bring. Blocks from 64 KiB on are also lent
// to collect messages that arrive in pieces.
var classes = [...]int{0, 512, 4 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20}

const (
	bare = 0
	// large is the smallest class that Lend lends and that a sync.Pool keeps.
	large = 4
	// madeToMeasure is the class of a block whose capacity is in no class. Such a block is
	// never kept.
	madeToMeasure = -1
	// maxFreeBytes is how many bytes of free blocks a Pool keeps in each small class.
	maxFreeBytes = 4 << 20
	// maxFreeBare is how many free nodes without a block a Pool keeps.
	maxFreeBare = 4096
)

// LendMin is the capacity of the smallest block that Lend lends, in bytes.
const LendMin = 64 << 10

// Lend returns an empty block with a capacity of want bytes or more. If such a block would be
// larger than most, Lend returns the largest block that isn't. most must be at least LendMin. The
// caller owns the block, and can pass it to Adopt or GiveBack, or forget it.
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

// GiveBack returns a block that Lend has lent to the Pool. Nobody may use the block after that.
// Memory from elsewhere, which Hold has counted, stops counting and is left to the garbage
// collector.
func (p *Pool) GiveBack(block []byte) { p.put(p.nodeOf(block)) }

// nodeOf returns a node that owns block and has its bytes queued. Later the block goes back to the
// Pool if its capacity is one that Lend lends.
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
	if c == madeToMeasure { // keep the node, but not its block
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
