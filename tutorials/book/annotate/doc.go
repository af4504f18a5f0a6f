// Package annotate shows the Go files of the repository with their prose beside the code: it
// knows where each identifier is defined, and which comments belong to which code.
//
// It parses and type-checks with go/parser and go/types. For imports from other modules or
// the standard library it uses the compiler's export data, which the go command finds;
// identifiers from there lead to pkg.go.dev.
package annotate
