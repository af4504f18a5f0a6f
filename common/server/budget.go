package server

import (
	"net/netip"
	"os"
	"runtime/debug"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/sys"
)

// MemoryBudget is the most bytes that this process may hold for its clients: what
// -max-memory says, or a quarter of what the process may use.
func (env *Env) MemoryBudget() int64 {
	if env.MaxMemory == 0 {
		env.MaxMemory = MemorySize() / 4
	}
	return env.MaxMemory
}

// limitHeap sets Go's memory limit to the budget plus a quarter plus 32 MiB, so that
// the garbage collector runs more often near it. Without a limit the heap may grow to
// twice what is in use. If GOMEMLIMIT is set, it is left alone.
func limitHeap(budget int64) {
	const base = 32 << 20 // what the server needs beside what it holds for clients
	if os.Getenv("GOMEMLIMIT") == "" && budget < 1<<50 {
		debug.SetMemoryLimit(budget + budget/4 + base)
	}
}

// fileBudget is how many files each loop may have open for its clients: what is left
// of the limit of open files beside the connections.
func (env *Env) fileBudget() int {
	const others = 16 // the standard three, the root, and the runtime's own
	conns := env.MaxConns
	if conns == 0 {
		conns = env.mostConns()
	}
	return max((env.descriptors()-conns-others)/env.Loops, 2)
}

// descriptors is how many the loops have for connections and files. Each has
// listeners, with a spare descriptor each, and two more.
func (env *Env) descriptors() int { return max(sys.MaxFiles()-env.Loops*(2*env.Ports+2), 1) }

// mostConns is how many connections the limit of open files allows when a share of it
// is kept for files that are being sent.
func (env *Env) mostConns() int {
	n := env.descriptors()
	return max(n-max(64, n/16), n/2, 1)
}

// ConnLimit is how many connections may be open at the same time: what -max-conns says, or
// what the limit of open files allows.
func (env *Env) ConnLimit() int {
	most := env.mostConns()
	if env.MaxConns == 0 {
		return most
	}
	if env.MaxConns > most {
		env.Log.Warn("-max-conns is beyond the limit of open files: clients will be turned away",
			"max-conns", env.MaxConns, "open files", env.descriptors())
	}
	return env.MaxConns
}

// perAddress is how many connections one address may have to a loop. Without
// -max-per-ip that is a quarter of all, and those on loopback, which may be a
// proxy's, are exempt.
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

// PerPeer is how many members of the room without WebSocket one address may have.
func (env *Env) PerPeer() int {
	switch {
	case env.MaxPerIP > 0:
		return env.MaxPerIP
	case env.loopback:
		return 0
	}
	return hub.MaxPollingMembers / 4
}

// PeerOf is the address by which the room limits a client; zero: it is exempt.
func (env *Env) PeerOf(at netip.Addr) (a hub.Addr) {
	if at.IsValid() && (env.MaxPerIP > 0 || !at.IsLoopback()) {
		a = at.As16()
	}
	return a
}
