package progress

import (
	"errors"
	"io/fs"
	"os"
)

// Path returns the path of the file, which may not exist, and may be damaged.
func Path() (string, error) {
	f, err := locate()
	if err != nil {
		return "", err
	}
	return f.path, nil
}

// Forget removes the file, even if it is damaged. The reader then starts from the beginning. It
// reports whether there was a file.
func Forget() (removed bool, err error) {
	f, err := locate()
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(f.path); errors.Is(err, fs.ErrNotExist) {
		return false, nil // without a lock, which would make the directory
	}
	unlock, err := f.lock()
	if err != nil {
		return false, err
	}
	defer unlock()
	err = os.Remove(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
