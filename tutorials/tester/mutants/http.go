package main

import (
	"bytes"
	"fmt"
	"strings"
)

// page is the body of every response.
var page = []byte("<!doctype html><title>page</title><p>Héllo. " + strings.Repeat("All is well. ", 60) + "\n")

// http answers a GET without a body with a page, and everything else with 501.
type http struct {
	buf     []byte
	respond func(head []byte) (out []byte, end bool)
}

func newHTTP() proto { return &http{respond: respond} }

var emptyLine = []byte("\r\n\r\n")

func (h *http) feed(in []byte) (out []byte, end bool) {
	h.buf = append(h.buf, in...)
	rest := h.buf
	for !end {
		head, after, found := bytes.Cut(rest, emptyLine)
		if !found {
			break
		}
		var answer []byte
		answer, end = h.respond(head)
		out = append(out, answer...)
		rest = after
	}
	h.buf = bytes.Clone(rest)
	return out, end || len(h.buf) > longest
}

func (h *http) midway() bool { return len(h.buf) > 0 }

func respond(head []byte) (out []byte, end bool) {
	lower := strings.ToLower(string(head))
	if !strings.HasPrefix(lower, "get ") || strings.Contains(lower, "\r\ncontent-length:") ||
		strings.Contains(lower, "\r\ntransfer-encoding:") {
		return answer("501 Not Implemented", len("GET only\n"), []byte("GET only\n")), true
	}
	return answer("200 OK", len(page), page), strings.Contains(lower, "\r\nconnection: close")
}

// answer returns a response with this body. length is its Content-Length, even if it is wrong.
func answer(status string, length int, body []byte) []byte {
	head := fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"+
		"Content-Length: %d\r\n\r\n", status, length)
	return append(head, body...)
}
