package main

import (
	"flag"

	"threeloops/common/server"
	"threeloops/common/sys"
)

func main() { sys.Main(run) }

func run() {
	server.Main(server.Model{
		Name:  "epollserv",
		About: "serves HTTP and WebSocket from one goroutine with epoll(7), or from several (-loops)",
		Addr:  "127.0.0.1:8003",
		Flags: flags,
		Run:   func(env *server.Env) error { return serve(env) },
	})
}

func flags(fs *flag.FlagSet, o *server.Options) {
	fs.IntVar(&o.Loops, "loops", 1,
		"`number` of loops that share the clients by SO_REUSEPORT; each is a thread with its own epoll instance and limit of open files")
}
