package hub

// AppendOperator appends what a client of the room is sent of the operator's words. They
// are no entry: they have no number, and are not kept for those who come later.
func AppendOperator(b, text []byte) []byte {
	return append(appendQuoted(append(b, `{"type":"operator","text":`...), text), '}')
}
