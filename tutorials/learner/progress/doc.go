// Package progress saves what a reader has done: the predictions, the last run of each experiment,
// which chapters are finished, where the reader stopped, how many hints were shown, where the copies
// of the exercises are and which of them were solved, and the results of the projects. It uses one
// JSON file outside of the repository. The pages and the terminal share the file:
//
//	$XDG_STATE_HOME/threeloops/progress.json
//	~/.local/state/threeloops/progress.json     if XDG_STATE_HOME isn't set
//
// The file says which numbers its chapters have. A file with older numbers gets the present ones when
// it is read.
package progress
