// Package verify holds the chapters against the code: that what they quote is what was reviewed, that
// what their terminals show is what comes, that their numbers are true here, and that their experiments
// still print what was recorded: tables of the same columns.
package verify
