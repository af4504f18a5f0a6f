package http1

import "bytes"

// nextHead reads the empty lines before the head, and the head. It is parsed where it lies, in p, as long as
// all of it has come in one piece; from the second piece on, in the Reader's own buffer.
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
	held := len(r.buf)
	head := p[taken:]
	if held > 0 {
		// One byte more than the limit is enough to know that it has been passed.
		r.buf = append(r.buf, p[:min(len(p), limit+1-held)]...)
		head = r.buf
	}

	done, err := r.parseLines(head[:min(len(head), limit)])
	switch {
	case err != nil:
		return r.failHead(p, head, err)
	case !done && len(head) > limit && r.lineAt == 0:
		return r.failHead(p, head, ErrLineLimit)
	case !done && len(head) > limit:
		return r.failHead(p, head, ErrHeadLimit)
	case !done && held == 0:
		r.buf = append(r.buf, head...)
		return Event{Kind: NeedMore}, len(p)
	case !done:
		return Event{Kind: NeedMore}, len(p)
	}

	if err := r.decideFraming(); err != nil {
		return r.failHead(p, head, err)
	}
	r.req.setHead(head[:r.lineAt:r.lineAt], r.fieldsAt)
	r.store(&r.req)
	if held > 0 {
		r.buf = r.buf[:r.lineAt]
	}
	return Event{Kind: Head}, taken + r.lineAt - held
}

// failHead is fail within a head. It stores what MethodKind returns.
func (r *Reader) failHead(p, head []byte, err *Error) (Event, int) {
	r.methodKind = methodKindOf(head)
	return r.fail(p, err)
}

// skipEmptyLines skips them and returns how many bytes they are.
//
// RFC 9112 2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at least one
// empty line (CRLF) received prior to the request-line."
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

// parseLines continues with head, the part of the head that has arrived, and reports whether it has found its end.
// A line is checked when it is complete, and lines are checked in their order: so the result doesn't depend on how
// they were cut.
func (r *Reader) parseLines(head []byte) (done bool, err *Error) {
	if err := r.checkMethod(head); err != nil {
		return false, err
	}
	for {
		i := bytes.IndexByte(head[r.searched:], '\n')
		if i < 0 {
			r.searched = len(head)
			return false, nil
		}
		from, lf := r.lineAt, r.searched+i
		r.lineAt, r.searched = lf+1, lf+1
		switch {
		case head[lf-1] != '\r': // there is such a byte: a method has come
			err = ErrLineEnd
		case from == 0:
			if err = r.req.requestLine(head[:lf-1]); err == nil {
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

// checkMethod checks the method's bytes one by one, before the line is complete. A client that speaks TLS, or
// another protocol, is refused at its first bytes, not by a timeout.
func (r *Reader) checkMethod(head []byte) *Error {
	if r.req.method.to > 0 {
		return nil
	}
	for i := r.searched; i < len(head); i++ {
		switch {
		case class[head[i]]&inToken != 0:
		case head[i] == ' ' && i > 0:
			r.req.method.to, r.searched = i, i
			return nil
		default:
			return ErrMethod
		}
	}
	return nil
}

// requestLine parses what follows the method. RFC 9112 3: "request-line = method SP request-target SP
// HTTP-version". The version comes first: the rules for the target are those of HTTP/1, and only of it.
func (q *Request) requestLine(line []byte) *Error {
	from, to := q.method.to+1, len(line)-len(" HTTP/1.1")
	if to > from && string(line[to:]) == " HTTP/1.1" { // nearly all are
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
	// RFC 9110 2.5: a recipient of a higher minor version treats the message as if it were of the highest
	// minor version it implements.
	q.minor = min(int(v[7]-'0'), 1)
	q.target = span{from, to}
	return q.parseTarget(line)
}

// fieldLine parses the one at block[from:to]. RFC 9112 5: "field-line = field-name ":" OWS field-value OWS".
func (q *Request) fieldLine(block []byte, from, to int) *Error {
	line := block[from:to]
	if blank(line[0]) {
		// RFC 9112 5.2: "A server that receives an obs-fold in a request message [...] MUST either reject the
		// message by sending a 400 (Bad Request) [...] or replace each received obs-fold with one or more SP
		// octets".
		return ErrFold
	}
	colon := 0
	for colon < len(line) && class[line[colon]]&inToken != 0 {
		colon++
	}
	// RFC 9112 5.1: "A server MUST reject [...] any received request message that contains whitespace between
	// a header field name and colon". A blank is no token character, so it is refused here like any other.
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return ErrFieldName
	}
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
