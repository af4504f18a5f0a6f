// Package laws holds the rules of the architecture as tests: which package may import which, what the
// core must not do, how long a function or a file may be, by how much the two loops may differ, and which
// wording is never plain. The rules are few, so that people can follow them. They are tests, so that people
// do.
package laws
