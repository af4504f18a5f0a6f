//go:build unix

package command

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// workDir makes a temporary directory for the servers, their site and their lists. The caller calls
// done when the servers have ended; done removes the directory. If this process is killed, the next
// one removes the directory.
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

// sweep removes the directories that match pattern and that no process has locked. It skips one
// younger than a minute, because its maker may be about to lock it.
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

// lock locks a directory until the file is closed, at the latest when the process ends.
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
