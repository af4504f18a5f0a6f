// Package markdown reads the chapters: Markdown in which certain fenced blocks are directives. A
// block's info string has the directive's name, then its words.
//
//	quote FILE#NAME [doc]   the code of that name, as package quote finds it; the body is a caption
//	console [repository]    what a reader types and what comes, as package transcript understands it
//	check [counts]          numbers that are checked, as package numbercheck understands it
//	misconception           what many believe, word for word as in misconceptions.txt; one line
//	predict NAME            a question with choices, answered before the answer is shown
//	experiment NAME KIND    a program beside the chapter, our run of it, and its chart
//	exercise                the chapter's planted bug, as package exercise reads it
//	clients KIND ...        bad clients, at a button, for the server that the page comes from
//	drawing FILE            an SVG file beside the chapters; the body says what it shows
//
// Other blocks are code of the language they name. Go is not among them: it is quoted, so that
// it is what compiles. Nor is HTML let through.
package markdown
