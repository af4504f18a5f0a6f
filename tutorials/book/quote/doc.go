// Package quote finds pieces of files by name. It also remembers what they were when someone last
// reviewed the chapter that quotes them.
//
// A reference is a path in the repository, and a name: pollserv/loop.go#loop.settle. In a Go file
// the name is the name of a function, type, constant or variable. For a method it may be the bare
// name, if only one type of the file has such a method. To name less than a declaration, or a piece
// of a file in another language, put a pair of comments around it:
//
//	//quote:sending
//	...
//	//quote:end
//
// (with # in place of // where comments begin with #). A path alone stands for the whole file.
//
// Constant computes the value of a constant that prose names.
package quote
