package main

import "threeloops/common/cli"

func main() {
	cli.Main(cli.Model{
		Name:  "pollserv",
		About: "HTTP and WebSocket from one poll loop",
		Addr:  "127.0.0.1:8002",
		Run:   func(env *cli.Env) error { return serve(env) },
	})
}
