package main

import (
	"flag"

	"threeloops/common/server"
	"threeloops/common/sys"
)

func main() { runProcess(sys.ForkExec) }

// runProcess runs the server, or the child of one that this process is.
func runProcess(fork fork) {
	run := func(env *server.Env) error { return serve(env, fork) }
	config, child := childConfigFromEnv()
	if child {
		config.prepare()
		run = config.serve
	}
	server.Main(server.Model{
		Name:  "forkserv",
		About: "HTTP and WebSocket with a process for each connection",
		Addr:  "127.0.0.1:8001",
		Flags: flags,
		Run:   run,

		FDsPerClient: fdsPerClient,
		Child:        child, Loopback: config.loopback,
	})
}

func flags(fs *flag.FlagSet, o *server.Options) {
	fs.IntVar(&o.Prefork, "prefork", 0, "children to keep ready in advance")
	fs.IntVar(&o.MaxChildren, "max-children", 512, "children at once; further clients wait")
}
