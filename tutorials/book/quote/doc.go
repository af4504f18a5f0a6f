// Package quote finds pieces of files by name, and remembers what they were when
// a chapter that quotes them was reviewed.
//
// A reference is a path in the repository, then a name: pollserv/loop.go#loop.settle. In a Go
// file the name is that of a function, a type, a constant or a variable; of a method it
// may be the bare name, where only one type of the file has it. Where less than a declaration
// is wanted, and in files of other languages, a pair of comments marks it:
//
//	//quote:sending
//	...
//	//quote:end
//
// (with # in place of // where that begins a comment). A path alone is the whole file.
//
// Constant computes the number that a reference to a constant stands for, for prose that names it.
package quote
