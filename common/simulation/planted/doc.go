// Package planted plants known faults into copies of the three servers, and asks whether the
// simulation tests find them. A test that finds no fault where there is one is no test.
//
// Each fault is a file of common/simulation/planted/faults. NAME.txt says in words what is wrong and
// where the fault comes from, for which servers it is planted, and which texts of which files it
// replaces:
//
//	A failed accept doesn't pause the listener. From the tester's mutant no-pause-after-failed-accept.
//	servers pollserv
//
//	file pollserv/loop.go
//	old:
//		l.resumeAt = now.Add(acceptPause)
//	new:
//		l.watchListeners(true)
//
// The old text must occur exactly once in its file. It may be a part of a line, or several lines. A
// line that begins with "file ", "old:" or "new:" ends a text. Empty lines at the end of a text don't
// belong to it. A further edit of the same file needs no line "file".
//
// go test work checks that each fault still applies and compiles. The run itself takes long, so an
// environment variable asks for it:
//
//	THREELOOPS_PLANTED=1 go test ./common/simulation/planted -run Found -v -timeout 0
//	THREELOOPS_PLANTED=NAME go test ./common/simulation/planted -run Found -v -timeout 0
//
// seen and unseen in place of NAME ask for a part. The unseen faults are in unseen. They
// were chosen at random, and kept apart until the simulation tests were finished. Half of them were
// found then. After that the simulation tests learned the kinds of the others. The file not-found.md
// lists the faults that the tests don't find within 10,000 seeds, with the reasons.
//
// No copy of the module is made: go's flag -overlay names the files that take the place of others.
package planted
