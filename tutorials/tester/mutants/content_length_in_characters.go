package main

import "unicode/utf8"

// Chapter 1. Content-Length counts bytes. This one counts characters, and the page
// has an é: its last byte is taken for the beginning of the next answer.
var _ = mutant("content-length-in-characters", "Content-Length counts characters", func() *parts {
	return base(func() proto {
		return &http{respond: func(head []byte) (out []byte, end bool) {
			if out, end = respond(head); end {
				return out, end
			}
			return answer("200 OK", utf8.RuneCount(page), page), false
		}}
	}, each)
})
