package main

import (
	"threeloops/common/server"
	"threeloops/common/sys"
)

func main() { sys.Main(run) }

func run() {
	server.Main(server.Model{
		Name:  "pollserv",
		About: "serves HTTP and WebSocket from one goroutine with poll(2)",
		Addr:  "127.0.0.1:8002",
		Run:   func(env *server.Env) error { return serve(env) },
	})
}
