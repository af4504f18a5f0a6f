package main

import (
	"threeloops/common/server"
	"threeloops/common/sys"
)

// lists are the allow lists as the parent gives them to its children: as memory files. The files
// that the operator has named may change, and become invalid, while the server runs.
type lists struct {
	read           *server.Lists // what the memory files hold
	hosts, origins int           // descriptors of the memory files
}

// renew writes now, the lists that the parent has read last, to new memory files, unless the files
// hold them already. A child that is already running keeps the old files.
func (l *lists) renew(now *server.Lists) error {
	if l.read == now {
		return nil
	}
	hosts, err := newMemory("hosts", server.WriteList(now.Hosts))
	if err != nil {
		return err
	}
	origins, err := newMemory("origins", server.WriteList(now.Origins))
	if err != nil {
		sys.Close(hosts)
		return err
	}
	if l.read != nil {
		hosts, origins = replace(l.hosts, hosts), replace(l.origins, origins)
	}
	*l = lists{now, hosts, origins}
	return nil
}

// replace gives a new file the descriptor of an old one, which it closes, and returns that
// descriptor. To start a child, sys.ForkExec duplicates descriptors above the highest that the child
// gets (see movedFDs). With higher numbers after each renewal that would soon be above the limit.
func replace(old, fd int) int {
	if sys.Dup3(fd, old, sys.O_CLOEXEC) != nil {
		sys.Close(old)
		return fd
	}
	sys.Close(fd)
	return old
}
