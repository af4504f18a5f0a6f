// Package exercise reads the exercises of the chapters. The folder of a chapter NN-name with an
// exercise contains the correct program in server, the same program with one planted bug in
// exercise, and exercise.md, which says what users of the program with the bug complain about:
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
// kind is what the server speaks, as package tester names it. red lists the checks that fail, of
// all the tester's checks for that kind up to the chapter. A line “sound: FOLDER” names another
// folder than server with the correct program, if the chapter's server isn't the program that has
// the bug. With a line “task: complete” the program has no bug, but a part of it is missing, which the
// reader writes: then the section Symptom has the title Task. The rest is Markdown, in which headings begin with “###”.
package exercise
