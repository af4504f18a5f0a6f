//go:build unix

package command

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// workDir makes a temporary directory for the servers, their site and their
// lists. The caller calls done when the servers have ended: it removes the
// directory. A process that was killed leaves its directory to the next one.
func workDir() (dir string, done func(), err error) {
	const name = "threeloops-serve-*"
	sweep(filepath.Join(os.TempDir(), name))
	dir, err = os.MkdirTemp("", name)
	if err != nil {
		return "", nil, err
	}
	held, err := lock(dir)
	if err != nil {
		os.Remove(dir)
		return "", nil, err
	}
	return dir, func() { os.RemoveAll(dir); held.Close() }, nil
}

// sweep removes the directories of that pattern that nobody holds. One that has
// just been made is left alone: its maker may be about to hold it.
func sweep(pattern string) {
	old, _ := filepath.Glob(pattern)
	for _, dir := range old {
		held, err := lock(dir)
		if err != nil {
			continue
		}
		if info, err := held.Stat(); err == nil && time.Since(info.ModTime()) > time.Minute {
			os.RemoveAll(dir)
		}
		held.Close()
	}
}

// lock locks a directory until it is closed, by the end of the process at the
// latest.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
