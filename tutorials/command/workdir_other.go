//go:build !unix

package command

import "os"

// workDir makes a temporary directory. The caller removes it with done.
func workDir() (dir string, done func(), err error) {
	dir, err = os.MkdirTemp("", "threeloops-serve-*")
	return dir, func() { os.RemoveAll(dir) }, err
}
