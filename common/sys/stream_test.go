package sys

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A pipe from a parent may be non-blocking, and then read(2) and write(2) return EAGAIN.
func TestAStreamWaitsWhetherItsDescriptorBlocksOrNot(t *testing.T) {
	for name, flags := range map[string]int{"blocking": 0, "non-blocking": O_NONBLOCK} {
		var pipe [2]int
		if err := Pipe2(pipe[:], O_CLOEXEC|flags); err != nil {
			t.Fatal(err)
		}
		sent := bytes.Repeat([]byte("0123456789abcdef"), 20<<10) // more than a pipe holds
		writer := Go(func() {
			Sleep(soon) // so that Read waits first
			if n, err := Stream(pipe[1]).Write(sent); n != len(sent) || err != nil {
				t.Errorf("%s: wrote %d bytes, %v, want %d", name, n, err, len(sent))
			}
			Close(pipe[1])
		})
		var got []byte
		for p := make([]byte, 64<<10); ; {
			n, err := Stream(pipe[0]).Read(p)
			got = append(got, p[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil || n == 0 {
				t.Fatalf("%s: read %d bytes, %v", name, n, err)
			}
			if len(got) == n {
				Sleep(soon) // so that Write finds the pipe full
			}
		}
		if !writer.Join(time.Minute) || !bytes.Equal(got, sent) {
			t.Errorf("%s: %d bytes arrived, want the %d that were written", name, len(got), len(sent))
		}
		Close(pipe[0])
	}
}

func TestAStreamReturnsTheErrno(t *testing.T) {
	if n, err := Stream(-1).Read(make([]byte, 1)); n != 0 || err != EBADF {
		t.Errorf("read: got %d, %v, want EBADF", n, err)
	}
	if n, err := Stream(-1).Write(make([]byte, 1)); n != 0 || err != EBADF {
		t.Errorf("write: got %d, %v, want EBADF", n, err)
	}
	if n, err := Stdin.Read(nil); n != 0 || err != nil {
		t.Errorf("a read of no bytes: got %d, %v, want neither bytes nor an error", n, err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 1, 511, 512, 513, 100_000} {
		path, want := filepath.Join(dir, "file"), bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path); !bytes.Equal(got, want) || err != nil {
			t.Errorf("a file of %d bytes: got %d bytes, %v", size, len(got), err)
		}
	}
	_, err := ReadFile(filepath.Join(dir, "missing"))
	if _, want := os.ReadFile(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) || err.Error() != want.Error() {
		t.Errorf("a missing file: got %v, want %v", err, want)
	}
	_, err = ReadFile(dir)
	if _, want := os.ReadFile(dir); err == nil || err.Error() != want.Error() {
		t.Errorf("a directory: got %v, want %v", err, want)
	}
}
