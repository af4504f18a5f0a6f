// Package progress saves what a reader has done: the predictions, the last run of each experiment,
// which chapters are finished, where the reader stopped, how many hints were shown, and where the copies
// of the exercises are. It uses one JSON file outside of the repository. The pages and the terminal
// share the file:
//
//	$XDG_STATE_HOME/threeloops/progress.json
//	~/.local/state/threeloops/progress.json     if XDG_STATE_HOME isn't set
package progress
