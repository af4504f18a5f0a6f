//go:build !linux

package command

import (
	"fmt"
	"os"
	"runtime"
)

// serve shows what can be read without the servers, because they don't run here.
func serve(args []string) error {
	if err := parse(newFlags("serve", ""), args); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "tutorials: %v; what can be read follows\n", notHere())
	ctx, stop := untilTold()
	defer stop()
	return serveAlone(ctx.Done())
}

func runChapter([]string) error     { return notHere() }
func loadCommand([]string) error    { return notHere() }
func compareCommand([]string) error { return notHere() }
func verifyChapters([]string) error { return notHere() }

// worker has nothing to do: only Linux has workers of the load, and the yardstick.
func worker() {}

func notHere() error {
	how := "a virtual machine (limactl start), or a development container of your editor"
	if runtime.GOOS == "windows" {
		how = "WSL 2 (wsl --install)"
	}
	return fmt.Errorf("the servers need Linux (epoll, openat2), and this is %s: run the same command in %s",
		runtime.GOOS, how)
}
