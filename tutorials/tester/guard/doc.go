// Package guard ends the processes of a program that has been killed, and could end nobody.
package guard
