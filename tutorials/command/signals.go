package command

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// unread is set when this program has written to a pipe whose reader is gone.
var unread atomic.Bool

// untilSignal returns a context that ends when a signal tells this process to end, or when this
// process writes to a pipe that nobody reads any more, for example because head(1) has ended. So
// commands remove their temporary files in both cases. After stop another signal ends the process
// immediately; another write to the pipe never does.
func untilSignal() (ctx context.Context, stop context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	go func() {
		select {
		case <-pipe:
			unread.Store(true)
			cancel()
		case <-ctx.Done():
		}
	}()
	ctx, unnotify := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return ctx, func() { unnotify(); cancel() }
}
