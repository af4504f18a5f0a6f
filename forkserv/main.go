package main

import (
	"flag"

	"threeloops/common/cli"
)

func main() {
	run := serve
	birth, child := born()
	if child {
		birth.begin()
		run = birth.serve
	}
	cli.Main(cli.Model{
		Name:  "forkserv",
		About: "HTTP and WebSocket with a process for each connection",
		Addr:  "127.0.0.1:8001",
		Flags: flags,
		Run:   run,

		PerClient: perClient,
		Child:     child, Loopback: birth.loopback,
	})
}

func flags(fs *flag.FlagSet, o *cli.Options) {
	fs.IntVar(&o.Prefork, "prefork", 0, "children to keep ready in advance")
	fs.IntVar(&o.MaxChildren, "max-children", 512, "children at once; further clients wait")
}
