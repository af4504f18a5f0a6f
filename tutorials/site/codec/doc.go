// Command codec is the program of the page /codec.html. It runs in a browser:
//
//	GOOS=js GOARCH=wasm go build -o codec.wasm ./tutorials/site/codec
//
// It makes a function codec for the page. Its argument is a Request of package inspect in JSON, and its
// result a Result.
package main
