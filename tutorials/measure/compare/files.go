package compare

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

func fileName(size int) string { return fmt.Sprintf("file-%d.bin", size) }

// Files writes the files that cases request into b.Root.
func (b *Bench) Files(cases []Case) error {
	for _, c := range cases {
		if c.File == 0 {
			continue
		}
		text := make([]byte, c.File)
		rand.NewChaCha8([32]byte{1}).Read(text)
		if err := os.WriteFile(filepath.Join(b.Root, fileName(c.File)), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
