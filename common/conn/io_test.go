//go:build !sim

package conn

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// A file that must be read from its disk is sent in small shares.
func TestAFileThatIsNotCachedIsCold(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 1 << 20
	if _, err := f.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	io := NewIO(new(stat.Slot))
	if io.cold(f.Fd(), 0, size) {
		t.Error("a file that was just written: cold is true, want false")
	}
	if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
		t.Fatal(err)
	}
	var cached unix.Cachestat_t
	err = unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{Len: size}, &cached, 0)
	if err != nil || cached.Cache > 0 {
		t.Skipf("this file system keeps all of a file in memory, or the kernel can't tell: %v", err)
	}
	if io.cold(f.Fd(), 0, coldShare) {
		t.Error("a single share: cold is true, want false")
	}
	if !io.cold(f.Fd(), 0, size) {
		t.Error("a file that must be read from its disk: cold is false, want true")
	}
	if _, err := f.ReadAt(make([]byte, size), 0); err != nil {
		t.Fatal(err)
	}
	if io.cold(f.Fd(), 0, size) {
		t.Error("a file that was just read: cold is true, want false")
	}
}
