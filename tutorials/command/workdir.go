package command

import "context"

// inWorkDir calls f with a new temporary directory, which it removes afterwards, and with a context
// that ends when a signal tells this process to end.
func inWorkDir(f func(ctx context.Context, dir string) error) error {
	ctx, stop := untilSignal()
	defer stop()
	dir, done, err := workDir()
	if err != nil {
		return err
	}
	defer done()
	return f(ctx, dir)
}
