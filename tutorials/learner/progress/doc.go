// Package progress keeps what a reader has done: the predictions, the last run of each experiment, which
// chapters are finished, where the reader stopped, how many hints were shown, where the exercises lie. It is one file of JSON, outside of the repository, which the pages and the
// terminal share:
//
//	$XDG_STATE_HOME/threeloops/progress.json
//	~/.local/state/threeloops/progress.json     where XDG_STATE_HOME isn't set
package progress
