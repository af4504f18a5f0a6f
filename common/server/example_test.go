package server_test

import (
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// The main function of a server. This server accepts no client. It waits for a command, which
// SIGINT or SIGTERM puts into its queue.
func Example() {
	run := func(env *server.Env) error {
		commands, err := server.NewCommandQueue()
		if err != nil {
			return err
		}
		board := make(stat.Board, 1)
		lns, err := env.Listen(env.NewIO(&board[0]))
		if err != nil {
			return err
		}
		env.ShutdownOnSignal(commands)
		env.Ready(lns)
		_, err = sys.Poll([]sys.PollFd{{Fd: int32(commands.FD), Events: sys.POLLIN}}, sys.Forever)
		return err
	}
	server.Main(server.Model{
		Name:  "waitserv",
		About: "a server that accepts no client",
		Addr:  "127.0.0.1:8004",
		Run:   run,
	})
}
