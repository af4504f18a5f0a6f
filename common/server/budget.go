package server

import (
	"net/netip"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/sys"
)

// MemoryBudget is how many bytes this process may hold for its clients: -max-memory, or without
// that flag a quarter of the memory that the process may use.
func (env *Env) MemoryBudget() int64 {
	if env.MaxMemory == 0 {
		env.MaxMemory = MemorySize() / 4
	}
	return env.MaxMemory
}

// limitHeap sets Go's memory limit to 1.25 times the budget plus 32 MiB. Near the limit the garbage
// collector runs more often; without a limit the heap may grow to twice what is in use. If the
// operator has set GOMEMLIMIT, limitHeap changes nothing.
func limitHeap(budget int64) {
	const base = 32 << 20 // what the server needs besides what it holds for clients
	if sys.Getenv("GOMEMLIMIT") == "" && budget < 1<<50 {
		sys.SetMemoryLimit(budget + budget/4 + base)
	}
}

// fileBudget is how many files each loop may have open for its clients: what the connections leave
// of the limit of open files.
func (env *Env) fileBudget() int {
	const others = 16 // descriptors 0 to 2, the root, and the Go runtime's own
	conns := env.mostConns()
	if env.MaxConns > 0 {
		conns = env.MaxConns
	}
	return max(env.descriptors()-conns/env.Loops-others, 2)
}

// OwnTables reports whether each of several loops gets a descriptor table of its own. Then the limit
// of open files is a limit of each loop. If the kernel refuses such a table, for instance in a
// container, OwnTables logs that all loops share the limit. Call it before anything that depends on
// that limit, and before there is a listener. A single loop shares the process's table, which ss(8)
// and lsof(8) show.
func (env *Env) OwnTables() bool {
	if env.Loops == 1 {
		return false
	}
	refused := sys.NewQueue[error](1)
	sys.GoUnshared(func(err error) { refused.Put(err) })
	err, _ := refused.Get(sys.Forever)
	if err != nil {
		env.Log.Warn("the loops share one limit of open files: they can't have a descriptor table each", "error", err)
	}
	env.ownTables = err == nil
	return env.ownTables
}

// descriptors is how many descriptors each loop has for connections and files. A loop needs two for
// each of its listeners (the listener and its spare), and one for epoll. Each table has the wakers of
// all loops.
func (env *Env) descriptors() int {
	limit, own := sys.MaxFiles()-env.Loops, 2*env.Ports+1
	if !env.ownTables {
		limit /= env.Loops
	}
	return max(limit-own, 1)
}

// mostConns is how many connections the limit of open files allows, in all loops together. A part of
// the limit is kept for files that are being sent: 64 descriptors, or a sixteenth if that is more.
func (env *Env) mostConns() int {
	n := env.descriptors()
	return env.Loops * max(n-max(64, n/16), n/2, 1)
}

// ConnLimit is how many connections may be open at the same time: -max-conns, or without that flag
// what the limit of open files allows.
func (env *Env) ConnLimit() int {
	most := env.mostConns()
	if env.MaxConns == 0 {
		return most
	}
	if env.MaxConns > most {
		env.Log.Warn("the limit of open files is too low for -max-conns: clients will be turned away; raise it with ulimit -n",
			"max-conns", env.MaxConns, "possible", most)
	}
	return env.MaxConns
}

// perAddress is how many connections one address may have to a loop. Without -max-per-ip it is a
// quarter of all, and connections over loopback are exempt, because a proxy may have made them.
func (env *Env) perAddress() conn.Addresses {
	switch {
	case env.MaxPerIP > 0:
		return conn.Addresses{Max: env.MaxPerIP}
	case env.loopback:
		return conn.Addresses{}
	}
	most := env.mostConns() / env.Loops
	if env.MaxConns > 0 {
		most = min(most, env.MaxConns/env.Loops)
	}
	return conn.Addresses{Max: max(1, most/4), Exempt: true}
}

// PerPeer is how many members of the room one address may have that poll, and have no WebSocket; 0
// is no limit.
func (env *Env) PerPeer() int {
	switch {
	case env.MaxPerIP > 0:
		return env.MaxPerIP
	case env.loopback:
		return 0
	}
	return hub.MaxPollingMembers / 4
}

// PeerOf is the address by which the room limits a client, or zero if the client is exempt.
func (env *Env) PeerOf(at netip.Addr) (a hub.Addr) {
	if at.IsValid() && (env.MaxPerIP > 0 || !at.IsLoopback()) {
		a = at.As16()
	}
	return a
}
