package sim

import (
	"fmt"
	"iter"
	"slices"
)

// descriptor is an entry of a table of descriptors.
type descriptor struct {
	*description
	cloexec bool
}

// table maps the numbers of descriptors to open file descriptions. All threads of a process use the
// process's table, until one calls Unshare and gets a copy. RLIMIT_NOFILE is a limit of each table.
type table struct {
	proc  *Process
	fds   []descriptor // nil description: the number is free
	users int          // threads that use it
}

// at returns the description behind a number.
func (tb *table) at(fd int) (*description, Errno) {
	if fd < 0 || fd >= len(tb.fds) || tb.fds[fd].description == nil {
		return nil, EBADF
	}
	return tb.fds[fd].description, 0
}

// install gives d the lowest free number that is at least from.
func (tb *table) install(d *description, cloexec bool, from int) (int, Errno) {
	fd := from
	for fd < len(tb.fds) && tb.fds[fd].description != nil {
		fd++
	}
	if fd >= tb.proc.limit {
		return -1, EMFILE
	}
	tb.put(fd, d, cloexec)
	return fd, 0
}

// put gives d the number fd, which must be free.
func (tb *table) put(fd int, d *description, cloexec bool) {
	if fd >= len(tb.fds) {
		tb.fds = append(tb.fds, make([]descriptor, fd+1-len(tb.fds))...)
	}
	d.refs++
	tb.fds[fd] = descriptor{d, cloexec}
}

// close frees a number.
func (tb *table) close(fd int) Errno {
	d, errno := tb.at(fd)
	if errno != 0 {
		return errno
	}
	tb.fds[fd] = descriptor{}
	d.release()
	return 0
}

func (tb *table) closeAll() {
	for fd := range tb.fds {
		tb.close(fd)
	}
}

// room reports whether n further numbers are free.
func (tb *table) room(n int) bool {
	used := 0
	for _, d := range tb.fds[:min(len(tb.fds), tb.proc.limit)] {
		if d.description != nil {
			used++
		}
	}
	return used+n <= tb.proc.limit
}

// copyFor returns a copy of the table that no thread uses yet. Both refer to the same open file
// descriptions.
func (tb *table) copyFor(p *Process) *table {
	c := &table{proc: p, fds: slices.Clone(tb.fds)}
	for _, d := range c.fds {
		if d.description != nil {
			d.refs++
		}
	}
	return c
}

// Unshare is unshare(2) with CLONE_FILES, which is all that is modelled. The thread gets a copy of
// its table of descriptors, and opens and closes only there from then on. If no other thread uses
// the table, nothing changes.
func (t *Thread) Unshare(flags int) error {
	_, errno := t.call("unshare", noDescriptor, func() string { return argList(flagArg(uint64(flags), unshareFlags)) }, func() (int, Errno) {
		if flags != CLONE_FILES {
			panic(fmt.Sprintf("sim: unshare with the flags %#x isn't modelled", flags))
		}
		if t.table.users > 1 {
			own := t.table.copyFor(t.proc)
			t.proc.own = append(t.proc.own, own)
			t.leaveTable()
			t.use(own)
		}
		return 0, 0
	})
	return errno.err()
}

// CLONE_FILES is the flag of unshare(2) for the table of descriptors.
const CLONE_FILES = 0x400

var unshareFlags = []name{{CLONE_FILES, "CLONE_FILES"}}

// use makes tb the table of a thread that has none.
func (t *Thread) use(tb *table) {
	t.table = tb
	tb.users++
}

// leaveTable ends the thread's use of its table. The last user closes what is in it.
func (t *Thread) leaveTable() {
	tb := t.table
	if tb.users--; tb.users > 0 {
		return
	}
	t.proc.own = slices.DeleteFunc(t.proc.own, func(o *table) bool { return o == tb })
	tb.closeAll()
}

// startRuntime makes further threads use the process's table, as long as the process lives: those of
// Go's runtime. The kernel doesn't show them, because the servers never see what they do. But no
// thread of a program is the only user of that table.
func (p *Process) startRuntime() { p.table.users++ }

// descriptors are the entries of all tables of the process.
func (p *Process) descriptors() iter.Seq[descriptor] {
	return func(yield func(descriptor) bool) {
		for i := -1; i < len(p.own); i++ {
			tb := p.table
			if i >= 0 {
				tb = p.own[i]
			}
			for _, d := range tb.fds {
				if d.description != nil && !yield(d) {
					return
				}
			}
		}
	}
}

// closeTables closes all descriptors of a process that ends.
func (p *Process) closeTables() {
	p.table.closeAll()
	for _, tb := range p.own {
		tb.closeAll()
	}
	p.own = nil
}
