package main

import (
	"threeloops/common/cli"
	"threeloops/common/sock"
)

// lists are the allow lists as the parent hands them to its children: as files
// in memory, for those on disk may change, and be bad, while the server runs.
type lists struct {
	of             *cli.Lists // what the files say
	hosts, origins int
}

// renew makes the files say what the parent has read last. A child that is
// already there keeps what it was given.
func (l *lists) renew(now *cli.Lists) error {
	if l.of == now {
		return nil
	}
	hosts, err := sock.NewMemory("hosts", cli.WriteList(now.Hosts))
	if err != nil {
		return err
	}
	origins, err := sock.NewMemory("origins", cli.WriteList(now.Origins))
	if err != nil {
		sock.CloseFD(hosts)
		return err
	}
	if l.of != nil {
		sock.CloseFD(l.hosts)
		sock.CloseFD(l.origins)
	}
	*l = lists{now, hosts, origins}
	return nil
}
