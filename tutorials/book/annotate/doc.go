// Package annotate shows the Go files of the repository with their comments beside the code. It
// knows where each identifier is defined, and which comment belongs to which code.
//
// It parses and type-checks with go/parser and go/types. For imports from other modules and from
// the standard library it uses the compiler's export data, which the go command finds. Identifiers
// from there link to pkg.go.dev.
package annotate
