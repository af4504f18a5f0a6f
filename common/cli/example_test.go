package cli_test

import (
	"threeloops/common/cli"
	"threeloops/common/sock"
	"threeloops/common/stat"
)

// The main function of a server. This one accepts nobody: it waits for its
// desk's bell, which SIGINT and SIGTERM ring.
func Example() {
	run := func(env *cli.Env) error {
		desk, err := cli.NewDesk()
		if err != nil {
			return err
		}
		board := make(stat.Board, 1)
		lns, err := env.Listen(env.NewIO(&board[0]))
		if err != nil {
			return err
		}
		env.Attend(desk)
		env.Ready(lns)
		_, err = sock.Poll([]sock.PollFD{{Fd: int32(desk.FD), Events: sock.POLLIN}}, sock.Forever)
		return err
	}
	cli.Main(cli.Model{
		Name:  "deafserv",
		About: "a server that accepts nobody",
		Addr:  "127.0.0.1:8004",
		Run:   run,
	})
}
