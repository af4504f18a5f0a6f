package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
)

// repository returns the root of the servers' module: the working directory or one above it.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(text, []byte("module threeloops\n")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("the servers' source isn't here: run this command inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}
