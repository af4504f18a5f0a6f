package http1

// chunk is the position in a chunked body. Everything except the data is checked byte by byte,
// unlike the header fields, so nothing has to be stored: sizes are counted, and extensions and
// trailers are checked and dropped.
type chunk struct {
	state  chunkState
	digits int   // digits of the current size so far
	got    int64 // sum of all chunk sizes so far, in bytes
	extra  int   // bytes of extensions and trailers together
	fields int   // number of trailers
}

// chunkState says what the next byte is, or can be.
//
// RFC 9112 7.1:
//
//	chunked-body = *chunk last-chunk trailer-section CRLF
//	chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//	last-chunk   = 1*("0") [ chunk-ext ] CRLF
type chunkState uint8

const (
	chunkSize    chunkState = iota // a digit of the size, or the byte after the last digit
	chunkBlank                     // a blank after the size, or the ";" after the blanks
	chunkExt                       // a byte of an extension, or the CR after it
	chunkSizeLF                    // the LF of the line with the size
	chunkData                      // data while r.rest > 0, then the CR after the data
	chunkDataLF                    // the LF after the data
	trailerStart                   // the first byte of a name, or the CR of the last line
	trailerName                    // another byte of the name, or the colon
	trailerValue                   // a byte of the value, or the CR after it
	trailerLF                      // the LF after a trailer
	lastLF                         // the LF of the last line
	chunkOver                      // no byte: the body is complete
)

// maxSizeDigits is the greatest number of digits in a chunk size. A 64-bit size needs no more, so
// further digits would be padding or an overflow.
const maxSizeDigits = 16

// nextChunked reads a chunked body.
func (r *Reader) nextChunked(p []byte) (Event, int) {
	for i, c := range p {
		// Data is the only part of the body that isn't read byte by byte. It goes to the
		// caller as one piece of p. The CR after it comes through chunkByte, in the same
		// state, when rest is 0.
		if r.chunk.state == chunkData && r.rest > 0 {
			ev, n := r.bodyPiece(p[i:])
			return ev, i + n
		}
		if err := r.chunkByte(c); err != nil {
			return r.fail(p, err)
		}
		if r.chunk.state == chunkOver {
			r.phase = over
			return Event{Kind: End}, i + 1
		}
	}
	return Event{Kind: NeedMore}, len(p)
}

// chunkByte processes one byte of a chunked body, except for the data.
func (r *Reader) chunkByte(c byte) *Error {
	switch k := &r.chunk; k.state {
	case chunkSize:
		return r.sizeByte(c)
	case chunkBlank:
		if !blank(c) && c != ';' {
			return ErrChunkSize
		}
		return r.extByte(c)
	case chunkExt:
		return r.extByte(c)
	case chunkSizeLF:
		if c != '\n' {
			return ErrLineEnd
		}
		return r.sizeOver()
	case chunkData:
		if c != '\r' {
			return ErrChunkEnd
		}
		k.state = chunkDataLF
	case chunkDataLF:
		if c != '\n' {
			return ErrChunkEnd
		}
		k.state, k.digits = chunkSize, 0
	default:
		return r.trailerByte(c)
	}
	return nil
}

// sizeByte processes a byte of the size, or the byte after it. A blank there may come before an
// extension.
func (r *Reader) sizeByte(c byte) *Error {
	k := &r.chunk
	switch {
	case class[c]&inHex != 0:
		// RFC 9112 7.1: "recipients MUST anticipate potentially large hexadecimal numerals
		// and prevent parsing errors due to integer conversion overflows".
		if k.digits == maxSizeDigits || r.rest >= 1<<59 {
			return ErrChunkSize
		}
		k.digits++
		r.rest = r.rest<<4 | int64(unhex(c))
		return nil
	case k.digits == 0:
		return ErrChunkSize
	case c == '\r':
		k.state = chunkSizeLF
		return nil
	case blank(c) || c == ';':
		return r.extByte(c)
	}
	return ErrChunkSize
}

// extByte processes a byte of the extensions. RFC 9112 7.1.1: "A recipient MUST ignore unrecognized
// chunk extensions. A server ought to limit the total length of chunk extensions received in a
// request".
func (r *Reader) extByte(c byte) *Error {
	k := &r.chunk
	switch {
	case c == '\r':
		k.state = chunkSizeLF
		return nil
	case class[c]&inValue == 0:
		return ErrChunkExt
	case k.extra == r.limits.head():
		return ErrChunkLimit
	}
	k.extra++
	if k.state != chunkExt {
		k.state = chunkBlank
	}
	if c == ';' {
		k.state = chunkExt
	}
	return nil
}

// sizeOver processes a complete size line: data follows, or, after the size 0, the trailers.
func (r *Reader) sizeOver() *Error {
	k := &r.chunk
	switch {
	case r.rest > r.limits.body()-k.got:
		return ErrBodyLimit
	case r.rest == 0:
		k.state = trailerStart
	default:
		k.state = chunkData
	}
	k.got += r.rest
	return nil
}

// trailerByte processes a byte of the trailers. They follow the rules of header fields and are
// dropped, as RFC 9112 7.1.2 allows. No request may depend on a trailer, because a proxy on the way
// may not have seen it.
func (r *Reader) trailerByte(c byte) *Error {
	k := &r.chunk
	if k.extra == r.limits.head() {
		return ErrHeadLimit
	}
	k.extra++
	token := class[c]&inToken != 0
	switch {
	case k.state == trailerStart && c == '\r':
		k.state = lastLF
	case k.state == trailerStart && blank(c):
		return ErrFold
	case k.state == trailerStart && k.fields == maxFields:
		return ErrFieldLimit
	case k.state == trailerStart && token:
		k.state = trailerName
		k.fields++
	case k.state == trailerName && token:
	case k.state == trailerName && c == ':':
		k.state = trailerValue
	case k.state == trailerStart || k.state == trailerName:
		return ErrFieldName
	case k.state == trailerValue && c == '\r':
		k.state = trailerLF
	case k.state == trailerValue:
		if class[c]&inValue == 0 {
			return ErrFieldValue
		}
	case c != '\n':
		return ErrLineEnd
	case k.state == trailerLF:
		k.state = trailerStart
	case k.state == lastLF:
		k.state = chunkOver
	}
	return nil
}
