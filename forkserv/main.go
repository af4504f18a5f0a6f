package main

import (
	"flag"

	"threeloops/common/server"
	"threeloops/common/sys"
)

func main() { sys.Main(run) }

// run runs the parent, or the child if the parent has started this process.
func run() {
	model := server.Model{
		Name:  "forkserv",
		About: "serves HTTP and WebSocket with one process for each connection",
		Addr:  "127.0.0.1:8001",
		Flags: flags,
		Run:   serve,

		FDsPerClient: fdsPerClient,
	}
	if config, child := childConfigFromEnv(); child {
		config.prepare()
		model.Run, model.Child, model.Loopback = config.serve, true, config.loopback
	}
	server.Main(model)
}

func flags(fs *flag.FlagSet, o *server.Options) {
	fs.IntVar(&o.Prefork, "prefork", 0, "`number` of spare children to start before there are clients for them")
	fs.IntVar(&o.MaxChildren, "max-children", 512,
		"`number` of children that may serve at the same time; further clients wait")
}
