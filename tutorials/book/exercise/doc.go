// Package exercise reads the exercises of the chapters. A chapter NN-name that has one has in its
// folder the sound program in server, the same program with one planted bug in exercise,
// and exercise.md, which says what the bug's users complain of:
//
//	# A title that names the symptom, never the cause
//	kind: line
//	red: halves, drip
//	## Symptom
//	What a user of that server sees.
//	## Hint
//	Three hints or more, from a nudge to nearly the answer.
//	## Explanation
//	What was wrong, why it hides, and where it was seen in the wild.
//
// kind is what the server speaks, as package tester names it, and red are the checks that fail, of all that
// the tester has for that kind up to the chapter. A line “sound: FOLDER” names another folder than server, where
// the chapter's server is not the program that has the bug. The rest is Markdown; in it headings begin with “###”.
package exercise
