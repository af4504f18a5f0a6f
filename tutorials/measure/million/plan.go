package million

import (
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
// of its own, with limit entries, and how many connections fit then. If no number of loops is enough,
// it returns the number with which the most connections fit.
func Loops(n, limit int) (loops, fits int) {
	for i := 1; i <= mostTables; i++ {
		if f := Fits(i, limit); f > fits || i == 1 {
			loops, fits = i, f
		}
		if fits >= n {
			break
		}
	}
	return loops, fits
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
// of them has at most. All together may have fewer than n.
func threads(n, limit int) (number, each int) {
	for i := 1; i <= mostTables; i++ {
		if room := limit - own - i; room*i > number*each {
			number, each = i, room
		}
		if number*each >= n {
			return number, (n + number - 1) / number
		}
	}
	return number, each
}

// MaxFiles is the limit of open files of this process, which its children inherit.
func MaxFiles() int { return sys.MaxFiles() }

// share is the part of n that the i-th of several threads gets; the parts add up to n.
func share(n, several, i int) int { return (n + several - 1 - i) / several }
