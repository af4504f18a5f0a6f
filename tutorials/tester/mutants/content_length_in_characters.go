package main

import "unicode/utf8"

// Chapter 1. Content-Length must count bytes. This server counts characters, and its page has an é, which
// is two bytes. So the client takes the last byte of the page for the beginning of the next response.
var _ = mutant("content-length-in-characters", "its Content-Length counts characters, not bytes", func() *parts {
	return base(func() proto {
		return &http{respond: func(head []byte) (out []byte, end bool) {
			if out, end = respond(head); end {
				return out, end
			}
			return answer("200 OK", utf8.RuneCount(page), page), false
		}}
	}, each)
})
