package main

import "threeloops/common/server"

const (
	// fdsPerClient is how many descriptors the parent needs to start a child: the connection,
	// both ends of the bus, both ends of the pipe that reports whether exec worked, and movedFDs
	// that the new process opens before it calls exec.
	fdsPerClient = 5 + movedFDs
	// movedFDs is how many descriptors sys.ForkExec may have to duplicate above all others. It
	// does so if the child gets a descriptor under a higher number than the parent has it: the
	// board, the two lists, the root and standard error. The first of these five takes the number
	// of an end of the pipe.
	movedFDs = 5 - 1
	// childMemory is how many bytes of memory a child takes besides what it holds for its client:
	// 1 MiB of its own, and up to 4 MiB of garbage.
	childMemory = 5 << 20
	// childrenShare: all children together may take 1/childrenShare of the machine's memory for
	// that.
	childrenShare = 2
)

// childLimit is how many children may serve at the same time. Further clients wait. Memory limits
// their number, and so do descriptors: the parent keeps two for each child, the ends of its bus.
// Spare children get theirs first. If there are not enough even for the spares, childLimit lowers
// env.Prefork.
func childLimit(env *server.Env) int {
	limit := env.MaxChildren
	if most := childrenFor(server.MemorySize()); limit > most {
		env.Log.Warn("there is too little memory for -max-children children: fewer clients are served at the same time",
			"max-children", limit, "served", most)
		limit = most
	}
	if env.MaxConns > 0 {
		return min(env.MaxConns, limit)
	}
	most := max(env.ConnLimit()/2, 2)
	if env.Prefork >= most {
		env.Log.Warn("the limit of open files is too low for -prefork: fewer spare children are started; raise it with ulimit -n",
			"prefork", env.Prefork, "started", most-1)
		env.Prefork = most - 1
	}
	return min(limit, most-env.Prefork)
}

// childrenFor is how many children a machine with that many bytes of memory has room for.
func childrenFor(memory int64) int {
	return int(min(max(memory/childrenShare/childMemory, 1), 1<<22))
}
