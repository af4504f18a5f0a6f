// Package verify holds the chapters against the code: that what they quote is what was reviewed, that
// what their terminals show is what comes, and that their numbers are true here.
package verify
