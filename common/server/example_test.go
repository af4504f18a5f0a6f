package server_test

import (
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// The main function of a server. This one accepts nobody: it waits for its
// desk's bell, which SIGINT and SIGTERM ring.
func Example() {
	run := func(env *server.Env) error {
		desk, err := server.NewCommandQueue()
		if err != nil {
			return err
		}
		board := make(stat.Board, 1)
		lns, err := env.Listen(env.NewIO(&board[0]))
		if err != nil {
			return err
		}
		env.ShutdownOnSignal(desk)
		env.Ready(lns)
		_, err = sys.Poll([]sys.PollFd{{Fd: int32(desk.FD), Events: sys.POLLIN}}, sys.Forever)
		return err
	}
	server.Main(server.Model{
		Name:  "deafserv",
		About: "a server that accepts nobody",
		Addr:  "127.0.0.1:8004",
		Run:   run,
	})
}
