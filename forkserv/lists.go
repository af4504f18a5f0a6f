package main

import (
	"threeloops/common/server"
	"threeloops/common/sys"
)

// lists are the allow lists as the parent hands them to its children: as files
// in memory, because those on disk may change, and become invalid, while the server runs.
type lists struct {
	read           *server.Lists // the lists that the files hold
	hosts, origins int
}

// renew writes the lists that the parent has read last to new files. A child that is
// already there keeps the old ones.
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
		sys.Close(l.hosts)
		sys.Close(l.origins)
	}
	*l = lists{now, hosts, origins}
	return nil
}
