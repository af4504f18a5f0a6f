// Package lab builds the programs that pages run in the browser. /lab.html runs the three servers on
// the simulated kernel, and a small server with mistakes (package mistakes). /codec.html runs the codec
// (package codec).
//
// Build writes these files into the folder lab of the site:
//
//	NAME.wasm.gz   a program, compressed, because not every host compresses what it sends
//	wasm_exec.js   Go's own script that starts such a program; it must come from the Go that built it
//	gallery.json   the scenarios that the page offers
//	ready.json     whether all of them are there
//
// A build takes up to a minute the first time, and then a second for each program. So Build keeps
// what it has built in a cache, under a key made of everything that the program depends on.
//
// The servers' sources don't tell the page in which phase a connection is, and a call for the page
// would cost the real servers time. So the copies for the browser are built with one more statement,
// which go build's flag -overlay puts into NewConn.
package lab
