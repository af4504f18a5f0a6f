package sock

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func newBus(t *testing.T) (ours, theirs Bus) {
	t.Helper()
	ours, theirs, err := NewBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ours.Close)
	return ours, theirs
}

func TestADescriptorGoesOverTheBus(t *testing.T) {
	ours, theirs := newBus(t)
	defer theirs.Close()
	if fd, _, err := theirs.RecvConn(); fd >= 0 || err != nil {
		t.Errorf("nothing was sent, and %d, %v came", fd, err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	const id = 1<<40 + 7
	if err := ours.SendConn(pipe[0], id); err != nil {
		t.Fatal(err)
	}
	unix.Close(pipe[0]) // the other process has its own
	fd, got, err := theirs.RecvConn()
	if err != nil || got != id || fd < 0 {
		t.Fatalf("connection %d came as %d, %v", id, got, err)
	}
	defer unix.Close(fd)
	b := make([]byte, 8)
	unix.Write(pipe[1], []byte("Hello"))
	if n, err := unix.Read(fd, b); string(b[:max(n, 0)]) != "Hello" {
		t.Errorf("over the descriptor that came %q is read, %v", b[:max(n, 0)], err)
	}
	if onExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); onExec&unix.FD_CLOEXEC == 0 {
		t.Error("the descriptor would survive an exec")
	}
}

func TestConnectionsComeInOrderAndApart(t *testing.T) {
	ours, theirs := newBus(t)
	defer theirs.Close()
	for id := range uint64(3) {
		if err := ours.SendConn(0, id); err != nil {
			t.Fatal(err)
		}
	}
	for id := range uint64(3) {
		fd, got, err := theirs.RecvConn()
		if got != id || fd < 0 || err != nil {
			t.Errorf("connection %d came as %d, %d, %v", id, fd, got, err)
		}
		unix.Close(fd)
	}
}

func TestTheEndOfTheBus(t *testing.T) {
	for why, end := range map[string]func(ours, theirs Bus){
		"the other end is closed":                 func(ours, theirs Bus) { theirs.Close() },
		"the other end asks us to leave":          func(ours, theirs Bus) { theirs.Leave() },
		"both":                                    func(ours, theirs Bus) { theirs.Leave(); theirs.Close() },
		"it is closed with words of ours unheard": func(ours, theirs Bus) { ours.Leave(); theirs.Close() },
	} {
		ours, theirs := newBus(t)
		end(ours, theirs)
		fds := []PollFD{{Fd: int32(ours.FD), Events: POLLIN}}
		if n, err := Poll(fds, soon); n != 1 || err != nil {
			t.Errorf("%s: a loop is not woken: %v", why, err)
		}
		if fd, _, err := ours.RecvConn(); fd >= 0 || !errors.Is(err, ErrBusEnd) {
			t.Errorf("%s: RecvConn gives %d, %v, not ErrBusEnd", why, fd, err)
		}
	}
}

func TestWhatWasSentBeforeTheEndStillComes(t *testing.T) {
	ours, theirs := newBus(t)
	theirs.SendConn(0, 5)
	theirs.Close()
	fd, id, err := ours.RecvConn()
	if id != 5 || fd < 0 || err != nil {
		t.Errorf("the connection came as %d, %d, %v", fd, id, err)
	}
	unix.Close(fd)
	if _, _, err := ours.RecvConn(); !errors.Is(err, ErrBusEnd) {
		t.Errorf("after the last one comes %v", err)
	}
}

func TestSendingToAProcessThatIsGone(t *testing.T) {
	ours, theirs := newBus(t)
	theirs.Close()
	ours.Leave() // that it is gone is no error, and no SIGPIPE
	if err := ours.SendConn(0, 1); err == nil {
		t.Error("a connection was handed to nobody")
	}
}
