package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"threeloops/common/simulation/gallery"
)

// Gallery reads the examples in common/simulation/gallery below root.
func Gallery(root string) ([]gallery.Example, error) {
	dir := filepath.Join(root, "common/simulation/gallery")
	all, err := gallery.Read(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return all, nil
}
