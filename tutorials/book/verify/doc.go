// Package verify compares the chapters with the code. The code that they quote must be the code
// that was reviewed, their console blocks must show what the commands print, and their numbers must
// be true on this machine. Their experiments must still print tables with the recorded columns.
package verify
