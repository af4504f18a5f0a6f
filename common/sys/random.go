package sys

import "golang.org/x/sys/unix"

// Random fills p with bytes that can't be guessed: getrandom(2). p has at most 256 bytes.
func Random(p []byte) {
	for {
		n, err := unix.Getrandom(p, 0)
		if err == nil && n == len(p) {
			return
		}
		if err != nil && err != unix.EINTR {
			panic(err) // only before Linux 3.17, which has no getrandom
		}
	}
}
