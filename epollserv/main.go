package main

import (
	"flag"

	"threeloops/common/server"
)

func main() {
	server.Main(server.Model{
		Name:  "epollserv",
		About: "HTTP and WebSocket from one epoll reactor, or several",
		Addr:  "127.0.0.1:8003",
		Flags: flags,
		Run:   func(env *server.Env) error { return serve(env) },
	})
}

func flags(fs *flag.FlagSet, o *server.Options) {
	fs.IntVar(&o.Loops, "loops", 1, "reactors, each with its own share of the clients (SO_REUSEPORT)")
}
