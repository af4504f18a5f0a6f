// Package source knows the Go files of the repository well enough to show them: where
// each identifier is defined, and which comments are prose about which code.
//
// It parses and type-checks with go/parser and go/types. What comes from other modules
// or the standard library is taken from the compiler's export data, which the go
// command knows the place of; identifiers from there lead to pkg.go.dev.
package source
