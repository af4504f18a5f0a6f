package sim

import (
	"fmt"
	"testing"
	"time"
)

// told runs a scenario on a server that reads its standard input and some files each second, and
// returns what it has found.
func told(t *testing.T, text string) (found []string) {
	t.Helper()
	w := play(t, text, func() {
		self := Current()
		self.Go(func() {
			var b [100]byte
			for n := 1; n > 0; {
				n, _ = Current().Read(0, b[:])
				found = append(found, fmt.Sprintf("%v input %q", Current().k.now, b[:n]))
			}
		})
		held, _ := self.Open("/srv", O_PATH|O_DIRECTORY, 0)
		for range 4 {
			self.Sleep(time.Second)
			for _, at := range []struct {
				dir  int
				path string
			}{{AT_FDCWD, "/srv/a"}, {held, "a"}} {
				fd, err := self.Openat2(at.dir, at.path, &OpenHow{Flags: O_RDONLY})
				if err != nil {
					continue
				}
				var b [100]byte
				n, _ := self.Read(fd, b[:])
				self.Close(fd)
				found = append(found, fmt.Sprintf("%v %s is %q", self.k.now, at.path, b[:n]))
			}
		}
	})
	run(t, w)
	return found
}

func TestTheOperatorTypes(t *testing.T) {
	got := fmt.Sprint(told(t, "at 0s the file /srv/b becomes \"\"\nat 1s the operator types \"users\"\nat 2s the operator types \"kick 1\"\nat 2s the operator types \"\""))
	if want := `[1s input "users\n" 2s input "kick 1\n\n"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := fmt.Sprint(told(t, "at 1s A connects")); got != `[0s input ""]` {
		t.Errorf("nothing is typed: got %s, want the end of the input", got)
	}
}

// A file that is written again is the same file, and a directory that is replaced is another one.
func TestFilesChange(t *testing.T) {
	got := fmt.Sprint(told(t, `
at 0s the file /srv/a becomes "first"
at 1500ms the file /srv/a becomes 7 bytes of "abc"
at 2500ms the directory /srv is replaced
at 3500ms the file /srv/a becomes "new"
at 3500ms the file /srv/a/b becomes "below a file"
at 3500ms the directory /srv/a is replaced
at 3500ms the directory /none is replaced
at 3500ms the file /new/c/d becomes "in new directories"
`))
	want := `[0s input "" 1s /srv/a is "first" 1s a is "first" 2s /srv/a is "abcabca" 2s a is "abcabca" 3s a is "abcabca" ` +
		`4s /srv/a is "new" 4s a is "abcabca"]`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAClientHasAnAddressOfItsOwn(t *testing.T) {
	w := play(t, "at 0s A connects from 127.0.0.7\nat 0s B connects", greeter)
	w.Run(time.Second, 1000)
	for i, want := range []string{"127.0.0.7", "127.0.0.1"} {
		if got := w.Clients[i].Local().Addr().String(); got != want {
			t.Errorf("client %d connects from %s, want %s", i, got, want)
		}
	}
}

// GotAt is when the last byte came, and not the end after it.
func TestWhenTheLastByteCame(t *testing.T) {
	w := play(t, "at 1s A connects\nat 2s A sends \"x\"\nat 3s A shuts down", greeter)
	run(t, w)
	if a := w.Clients[0]; a.GotAt != 2*time.Second || a.EndAt != 3*time.Second {
		t.Errorf("got the last byte at %v and the end at %v, want 2s and 3s", a.GotAt, a.EndAt)
	}
}
