package docroot_test

import (
	"fmt"
	"os"
	"path/filepath"

	"threeloops/common/docroot"
)

// The root opens files below it, and no path leads outside.
func Example() {
	dir, err := os.MkdirTemp("", "docroot")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "page.html"), []byte("hello"), 0o644)
	root, err := docroot.Open(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer root.Close()
	f, size, _, _ := root.Open("page.html")
	defer f.Close()
	fmt.Println(size, "bytes")
	_, _, _, err = root.Open("../../etc/passwd")
	fmt.Println(err)
	// Output:
	// 5 bytes
	// permission denied
}
