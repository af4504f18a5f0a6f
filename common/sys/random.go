package sys

import "golang.org/x/sys/unix"

// Random fills p, of up to 256 bytes, with bytes that can't be guessed
// (getrandom(2)).
func Random(p []byte) {
	for {
		n, err := unix.Getrandom(p, 0)
		if err == nil && n == len(p) {
			return
		}
		if err != nil && err != unix.EINTR {
			panic(err) // Linux has it since 3.17
		}
	}
}
