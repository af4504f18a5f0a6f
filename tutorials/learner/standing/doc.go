// Package standing says where a reader stands in the course: for each chapter what is done, for the
// whole course how many minutes are done and left, and what to do next.
//
// Course is what there is to do, and progress.State is what the reader has done. The command progress
// prints the result, and the coach gives it to the page with the list of chapters.
//
// A finished chapter counts with all of its minutes. Another chapter counts with the share of its
// predictions, experiments and exercise that is done, because nobody knows how much of it was read.
package standing
