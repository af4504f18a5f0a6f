package main

import "threeloops/common/server"

func main() {
	server.Main(server.Model{
		Name:  "pollserv",
		About: "HTTP and WebSocket from one poll loop",
		Addr:  "127.0.0.1:8002",
		Run:   func(env *server.Env) error { return serve(env) },
	})
}
