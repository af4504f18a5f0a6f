// Package markdown reads the chapters: Markdown in which certain fenced blocks are directives. A
// block's info string has the name of the directive, and then its words.
//
//	quote FILE#NAME [doc]   the code with that name, as package quote finds it; the body is a caption
//	console [repository]    commands and their output, as package transcript understands them
//	check [counts]          numbers that are checked, as package numbercheck understands them
//	misconception           what many believe, exactly as in misconceptions.txt; one line
//	predict NAME            a question with choices, which a reader answers before seeing the answer
//	experiment NAME KIND    a program beside the chapter, our run of it, and its chart
//	exercise                the chapter's planted bug, as package exercise reads it
//	clients KIND ...        buttons that send badly behaved clients to the server of the page
//	lab NAME ...            an example of the laboratory, with a still picture of its run, see package scene
//	drawing FILE            an SVG file beside the chapter; the body says what it shows
//
// Other blocks are code in the language that they name. Go code must be quoted instead, so that it
// is code that compiles. HTML isn't allowed.
package markdown
