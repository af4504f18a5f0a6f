// Package guard ends the processes that a program has started even if the program is killed, and so can't
// end them itself.
package guard
