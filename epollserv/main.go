package main

import "threeloops/common/cli"

func main() {
	cli.Main(cli.Model{
		Name:  "epollserv",
		About: "HTTP and WebSocket from one epoll reactor",
		Addr:  "127.0.0.1:8003",
		Run:   func(env *cli.Env) error { return serve(env) },
	})
}
