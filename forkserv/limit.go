package main

import "threeloops/common/server"

const (
	// fdsPerClient is how many descriptors the parent needs to start a child: the connection,
	// both ends of the bus, both ends of the pipe by which it learns that exec worked, and
	// movedFDs that fork's child opens before it calls exec.
	fdsPerClient = 5 + movedFDs
	// movedFDs is how many descriptors sys.ForkExec may have to duplicate above all others,
	// because the child gets them under a number higher than the parent's: the board, the
	// two lists, the root and standard error. The first takes the number of an end of the
	// pipe.
	movedFDs = 5 - 1
	// childMemory is what a child takes beside what it holds for its client, in bytes:
	// a MiB of its own, and up to 4 MiB of garbage.
	childMemory = 5 << 20
	// childrenShare is the part of the memory that all of these may take together.
	childrenShare = 2
)

// childLimit is the most children that may serve at the same time. Other clients wait.
// Both memory and descriptors limit their number: the parent keeps two descriptors for
// each child, the ends of its bus. Children in advance take theirs first, and
// env.Prefork is lowered if not even those have enough.
func childLimit(env *server.Env) int {
	limit := env.MaxChildren
	if most := childrenFor(server.MemorySize()); limit > most {
		env.Log.Warn("there is no memory for as many children as -max-children allows: fewer clients are served",
			"max-children", limit, "served", most)
		limit = most
	}
	if env.MaxConns > 0 {
		return min(env.MaxConns, limit)
	}
	most := max(env.ConnLimit()/2, 2)
	if env.Prefork >= most {
		env.Log.Warn("-prefork is beyond the limit of open files: fewer are made", "prefork", env.Prefork, "made", most-1)
		env.Prefork = most - 1
	}
	return min(limit, most-env.Prefork)
}

// childrenFor is how many children a memory of that many bytes has room for.
func childrenFor(memory int64) int {
	return int(min(max(memory/childrenShare/childMemory, 1), 1<<22))
}
