// Package laws holds the rules of the house as tests: who may import whom, what
// the core must not do, how long a function or a file may be, and by how much
// the two loops may differ. They are few, so that they can be kept, and tests,
// so that they are.
package laws
