// Package atomicfile replaces files as a whole: a reader sees the old content or the new one, never a part.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Unfinished is the pattern for the names of files that Write is writing. They begin with a dot, so that no
// server sends them. A process that is killed leaves such a file.
const Unfinished = ".new-*"

// Write writes a file with the content that write gives it. The file gets its name when it is complete and
// on the disk. After an error the old file is still there.
func Write(name string, mode fs.FileMode, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), Unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails if all went well, because the file then has another name
	if err := errors.Join(write(f), f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// Writable returns an error if Write can make no file in a directory. So a command that takes long can
// notice this before it begins.
func Writable(dir string) error {
	f, err := os.CreateTemp(dir, Unfinished)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
