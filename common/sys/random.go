package sys

// Random fills p with bytes that can't be guessed: getrandom(2). p has at most 256 bytes.
func Random(p []byte) {
	for {
		n, err := getrandom(p)
		if err == nil && n == len(p) {
			return
		}
		if err != nil && err != EINTR {
			panic(err) // only before Linux 3.17, which has no getrandom
		}
	}
}
