package tracetest

// FromPeer returns the bytes that items make in a line with >: frames are
// masked. It panics on a mistake in them: they are part of a test's source.
func FromPeer(items string) []byte { return mustParse(items, true) }

// FromServer returns the bytes that items make in a line with <.
func FromServer(items string) []byte { return mustParse(items, false) }

func mustParse(text string, masked bool) []byte {
	if text == "" {
		return nil
	}
	b, err := parseItems(text, masked)
	if err != nil {
		panic("tracetest: " + text + ": " + err.Error())
	}
	return b
}
