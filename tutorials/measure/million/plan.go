package million

import (
	"fmt"
	"math"

	"threeloops/common/sys"
)

// most is how many loops epollserv accepts at most. The crowd has no more threads than that.
const mostTables = 1024

// sigmas is how many standard deviations of its number of clients a loop has as spare room. A hash
// chooses the loop, so this number has a binomial distribution. It exceeds its mean by more than
// five standard deviations once in three million times.
const sigmas = 5

// room is how many connections a loop, or a server without loops, accepts under a limit of open
// files. The server keeps descriptors for files that it sends: 64, or a sixteenth of the limit if
// that is more. It also has a listener, an epoll instance, and one eventfd for each loop.
func room(limit, loops int) int {
	return limit - max(64, limit/16) - 16 - loops
}

// Loops returns how many loops a server needs for n connections if each loop has a descriptor table
// of its own, with limit entries. It returns an error if no number of loops is enough.
func Loops(n, limit int) (int, error) {
	for loops := 1; loops <= mostTables; loops++ {
		if n <= Fits(loops, limit) {
			return loops, nil
		}
	}
	return 0, fmt.Errorf("%d connections are too many for tables of %d open files: raise the limit with ulimit -n", n, limit)
}

// Fits returns how many connections fit into a server of some loops, if a hash distributes them.
func Fits(loops, limit int) int {
	each := room(limit, loops)
	if each <= 0 {
		return 0
	}
	if loops == 1 {
		return each
	}
	// The variance of a loop's clients is mean·(1-1/loops). Solve mean + sigmas·√variance = each.
	s := sigmas * math.Sqrt(1-1/float64(loops))
	root := (-s + math.Sqrt(s*s+4*float64(each))) / 2
	return int(root * root * float64(loops))
}

// LeastFiles is the lowest limit of open files with which the crowd works.
const LeastFiles = 128

// own is how many descriptors a thread of the crowd needs besides its connections and the wakers of
// all threads: standard input, output and error, those of the Go runtime, a timer, and an epoll
// instance.
const own = 16

// threads returns how many threads the crowd needs for n connections, and how many connections each
// of them has at most.
func threads(n, limit int) (number, each int, err error) {
	for number = 1; number <= mostTables; number++ {
		if each = limit - own - number; each > 0 && number*each >= n {
			return number, min(each, (n+number-1)/number), nil
		}
	}
	return 0, 0, fmt.Errorf("%d clients need too many tables of %d open files: raise the limit with ulimit -n", n, limit)
}

// MaxFiles is the limit of open files of this process, which its children inherit.
func MaxFiles() int { return sys.MaxFiles() }

// share is the part of n that the i-th of several threads gets; the parts add up to n.
func share(n, several, i int) int { return (n + several - 1 - i) / several }
