package conn

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// Of a file that has to be read from its disk a share is sent at a time.
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
		t.Error("a file that was just written is cold")
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
		t.Error("a share is cold")
	}
	if !io.cold(f.Fd(), 0, size) {
		t.Error("a file that has to be read from its disk is not cold")
	}
	if _, err := f.ReadAt(make([]byte, size), 0); err != nil {
		t.Fatal(err)
	}
	if io.cold(f.Fd(), 0, size) {
		t.Error("a file that was read is cold")
	}
}
