package http1

import "bytes"

// nextHead reads the empty lines before the head, and then the head.
//
// Most heads arrive in one piece. Such a head is parsed where it is, in p, and nothing is copied.
// Of a head in several pieces, the first piece is parsed in p and then copied into r.buf. All later
// pieces are appended to r.buf and parsed there. The parser notices no difference: it stores
// nothing but offsets into the head, and these stay true when the bytes move.
//
// Between two calls in phase inHead, r.buf holds the whole head so far, and r.lineAt, r.searched
// and r.fieldsAt are offsets into it.
func (r *Reader) nextHead(p []byte) (Event, int) {
	taken := 0
	if r.phase == before {
		var err *Error
		if taken, err = r.skipEmptyLines(p); err != nil {
			return r.fail(p, err)
		}
		if taken == len(p) {
			return Event{Kind: NeedMore}, taken
		}
		r.phase = inHead
	}
	limit := r.limits.head()
	held := len(r.buf) // bytes of the head from earlier calls; 0: the head begins in this p
	head := p[taken:]
	if held > 0 {
		// One byte more than the limit proves that the head is too long. A client can't
		// make the buffer grow any further.
		r.buf = append(r.buf, p[:min(len(p), limit+1-held)]...)
		head = r.buf
	}

	// The parser never sees a byte beyond the limit. If it did, a bad byte there would be found
	// when the head arrives in one piece, and the limit would be reported when it arrives byte
	// by byte.
	done, err := r.parseLines(head[:min(len(head), limit)])
	switch {
	case err != nil:
		return r.failHead(p, head, err)
	case !done && len(head) > limit && r.lineAt == 0:
		return r.failHead(p, head, ErrLineLimit)
	case !done && len(head) > limit:
		return r.failHead(p, head, ErrHeadLimit)
	case !done && held == 0:
		// The caller is about to reuse p. All offsets stay valid, because r.buf now begins
		// with the same byte as head.
		r.buf = append(r.buf, head...)
		return Event{Kind: NeedMore}, len(p)
	case !done:
		return Event{Kind: NeedMore}, len(p)
	}

	if err := r.decideFraming(); err != nil {
		return r.failHead(p, head, err)
	}
	r.req.setHead(head[:r.lineAt:r.lineAt], r.fieldsAt)
	r.store(&r.req) // only now, because the cache must never hold fields that were refused
	if held > 0 {
		r.buf = r.buf[:r.lineAt] // drop the beginning of the body, appended with the last piece
	}
	// lineAt counts from the beginning of the head, so the bytes of earlier calls are
	// subtracted.
	return Event{Kind: Head}, taken + r.lineAt - held
}

// failHead is fail for an error in the head. It also saves what MethodKind returns, because fail
// resets the Request.
func (r *Reader) failHead(p, head []byte, err *Error) (Event, int) {
	r.methodKind = methodKindOf(head)
	return r.fail(p, err)
}

// skipEmptyLines skips the empty lines before the request line and returns the number of their
// bytes.
//
// RFC 9112 2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at
// least one empty line (CRLF) received prior to the request-line."
func (r *Reader) skipEmptyLines(p []byte) (int, *Error) {
	for i, c := range p {
		switch {
		case r.crPending && c == '\n':
			r.crPending = false
		case r.crPending:
			return i, ErrLineEnd
		case c == '\r':
			r.crPending = true
		default:
			return i, nil
		}
	}
	return len(p), nil
}

// parseLines parses the lines of head that are complete, and reports whether the empty line at the
// end of the head is one of them. head is all of the head that has arrived; the lines before
// r.lineAt were parsed by earlier calls.
//
// A line is checked only when it is complete, and lines are checked in their order. So the result
// doesn't depend on how the head was cut. If half a line were checked too, the same bytes could
// give another error, depending on where they were cut.
func (r *Reader) parseLines(head []byte) (done bool, err *Error) {
	if err := r.checkMethod(head); err != nil {
		return false, err
	}
	for {
		// The search begins where the last one ended, and not at the beginning of the line.
		// Otherwise a client that sends a long line byte by byte would cost work that grows
		// with the square of the line's length.
		i := bytes.IndexByte(head[r.searched:], '\n')
		if i < 0 {
			r.searched = len(head)
			return false, nil
		}
		from, lf := r.lineAt, r.searched+i
		r.lineAt, r.searched = lf+1, lf+1
		switch {
		case head[lf-1] != '\r': // lf > 0: checkMethod has found the method
			err = ErrLineEnd
		case from == 0:
			if err = r.req.requestLine(head[:lf-1]); err == nil {
				// Most clients repeat their header fields, so compare them with the
				// last request's first. This is correct only because the comparison
				// includes the empty line at the end: if the fields are equal, the
				// head is complete. head ends at the limit, so cached fields can't
				// exceed it either. If only a part of the fields has arrived, they
				// are parsed as usual.
				r.fieldsAt = r.lineAt
				r.lineAt += r.lookup(head[r.lineAt:], &r.req)
				if r.lineAt > r.fieldsAt {
					return true, nil
				}
			}
		case lf-1 == from:
			return true, nil
		default:
			err = r.req.fieldLine(head[r.fieldsAt:], from-r.fieldsAt, lf-1-r.fieldsAt)
		}
		if err != nil {
			return false, err
		}
	}
}

// checkMethod checks the method's bytes one by one, before the line is complete. So a client that
// speaks TLS, or another protocol, is refused at its first bytes. Its data may have no LF, and then
// a server that waits for a complete line waits until the timeout.
func (r *Reader) checkMethod(head []byte) *Error {
	if r.req.method.to > 0 {
		return nil
	}
	for i := r.searched; i < len(head); i++ {
		switch {
		case class[head[i]]&inToken != 0:
		case head[i] == ' ' && i > 0:
			// From here on, the loop in parseLines searches for the LF.
			r.req.method.to, r.searched = i, i
			return nil
		default:
			return ErrMethod
		}
	}
	return nil
}

// requestLine parses the target and the version, which follow the method. RFC 9112 3: "request-line
// = method SP request-target SP HTTP-version".
//
// The three parts are separated by exactly one SP. checkMethod has found the first SP, and the
// second one is found from the end of the line, because a version has no SP. Everything between
// them is the target. If that contains another SP, parseTarget refuses it. RFC 9112 3 allows a
// recipient to accept other white space too, but warns: "lenient parsing can result in request
// smuggling security vulnerabilities if there are multiple recipients of the message and each has
// its own unique interpretation of robustness".
//
// The version is checked before the target, because the rules for the target are true for HTTP/1
// only.
func (q *Request) requestLine(line []byte) *Error {
	from, to := q.method.to+1, len(line)-len(" HTTP/1.1")
	if to > from && string(line[to:]) == " HTTP/1.1" { // nearly every request
		q.minor, q.target = 1, span{from, to}
		return q.parseTarget(line)
	}
	if to = bytes.LastIndexByte(line, ' '); to <= from {
		return ErrRequestLine
	}
	v := line[to+1:]
	if len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' ||
		!all(v[5:6], inDigit) || !all(v[7:], inDigit) {
		return ErrVersion
	}
	if v[5] != '1' {
		return ErrNotHTTP1
	}
	// RFC 9110 2.5: a recipient of a higher minor version treats the message as if it were of
	// the highest minor version it implements.
	q.minor = min(int(v[7]-'0'), 1)
	q.target = span{from, to}
	return q.parseTarget(line)
}

// fieldLine parses the field line block[from:to], without its CRLF. RFC 9112 5: "field-line =
// field-name ":" OWS field-value OWS".
//
// It stores no bytes, only their offsets. They count from the beginning of block, where the fields
// begin, and not from the beginning of the head. So they don't depend on the length of the request
// line, and the field cache can use them for another request.
func (q *Request) fieldLine(block []byte, from, to int) *Error {
	line := block[from:to]
	if blank(line[0]) {
		// RFC 9112 5.2: "A server that receives an obs-fold in a request message [...] MUST
		// either reject the message by sending a 400 (Bad Request) [...] or replace each
		// received obs-fold with one or more SP octets".
		return ErrFold
	}
	colon := 0
	for colon < len(line) && class[line[colon]]&inToken != 0 {
		colon++
	}
	// RFC 9112 5.1: "A server MUST reject [...] any received request message that contains
	// whitespace between a header field name and colon". A blank is no token character, so this
	// check refuses it too.
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return ErrFieldName
	}
	// The table has a fixed size, so that a request allocates nothing. An attacker could also
	// use very many fields to make each search for a name slow.
	if q.count == maxFields {
		return ErrFieldLimit
	}
	value := span{from + colon + 1, to}.trim(block)
	if !isValue(block[value.from:value.to]) {
		return ErrFieldValue
	}
	q.fields[q.count] = field{span{from, from + colon}, value}
	q.count++
	return q.applyField(line[:colon], block[value.from:value.to])
}
