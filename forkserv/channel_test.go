//go:build !sim

package main

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/hub"
	"threeloops/common/sys"
)

func mustChannel(t *testing.T) (ours, theirs channel) {
	t.Helper()
	ours, theirs, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ours.Close)
	return ours, theirs
}

func (b channel) mustSend(t *testing.T, p string) {
	t.Helper()
	if full, err := b.Send([]byte(p)); full || err != nil {
		t.Fatalf("sending %.20q: full %v, %v", p, full, err)
	}
}

func TestMessagesKeepTheirOrderAndBounds(t *testing.T) {
	ours, theirs := mustChannel(t)
	defer theirs.Close()
	p := make([]byte, 8)
	if n, err := theirs.Recv(p); n != 0 || err != nil {
		t.Errorf("before anything was sent: got %d bytes, %v, want 0 and no error", n, err)
	}
	sent := []string{"a", "bcd", "12345678"}
	for _, s := range sent {
		ours.mustSend(t, s)
	}
	for _, want := range sent {
		if n, err := theirs.Recv(p); string(p[:n]) != want || err != nil {
			t.Errorf("got %q, %v, want %q", p[:n], err, want)
		}
	}
}

func TestTheLargestMessageFitsManyTimes(t *testing.T) {
	ours, theirs := mustChannel(t)
	defer theirs.Close()
	for _, b := range []channel{ours, theirs} {
		for i := range 3 {
			p := bytes.Repeat([]byte{byte(i + 1)}, hub.MaxMessage)
			if full, err := b.Send(p); full || err != nil {
				t.Fatalf("message %d of the largest size: full %v, %v", i, full, err)
			}
		}
	}
	p := make([]byte, hub.MaxMessage)
	if n, err := ours.Recv(p); n != len(p) || p[0] != 1 || p[n-1] != 1 || err != nil {
		t.Errorf("got %d bytes, %v, want the %d bytes that were sent first", n, err, len(p))
	}
}

func TestAChannelReportsThatItIsFullAndThenThatItHasRoom(t *testing.T) {
	ours, theirs := mustChannel(t)
	defer theirs.Close()
	sent, p := 0, make([]byte, 1000)
	for full := false; !full; sent++ {
		var err error
		if full, err = ours.Send(fmt.Appendf(p[:0], "%1000d", sent)); err != nil || sent > 1e6 {
			t.Fatalf("message %d: %v", sent, err)
		}
	}
	fds := []sys.PollFd{{Fd: int32(ours.FD), Events: sys.POLLOUT}}
	if n, _ := sys.Poll(fds, 0); n != 0 {
		t.Error("poll reports a full channel as writable: a loop would spin")
	}
	for i := range sent - 1 { // the last was not sent
		if n, err := theirs.Recv(p); err != nil || string(p[:n]) != fmt.Sprintf("%1000d", i) {
			t.Fatalf("message %d: got %.2000q, %v", i, bytes.TrimSpace(p[:n]), err)
		}
	}
	if n, _ := sys.Poll(fds, 10*time.Second); n != 1 {
		t.Error("poll doesn't report an empty channel as writable")
	}
	if n, err := theirs.Recv(p); n != 0 || err != nil {
		t.Errorf("after the last message: got %d bytes, %v, want 0 and no error", n, err)
	}
}

func TestAMessageCanCarryADescriptor(t *testing.T) {
	ours, theirs := mustChannel(t)
	defer theirs.Close()
	p := make([]byte, 8)
	if n, fd, err := theirs.RecvFD(p); n != 0 || fd >= 0 || err != nil {
		t.Errorf("before anything was sent: got %d bytes, descriptor %d, %v, want nothing", n, fd, err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	ours.mustSend(t, "none")
	if full, err := ours.SendFD([]byte("pipe"), pipe[0]); full || err != nil {
		t.Fatalf("full %v, %v", full, err)
	}
	unix.Close(pipe[0]) // the message holds its own reference
	if n, fd, err := theirs.RecvFD(p); string(p[:n]) != "none" || fd >= 0 || err != nil {
		t.Errorf("got %q, descriptor %d, %v, want the message without a descriptor", p[:n], fd, err)
	}
	n, fd, err := theirs.RecvFD(p)
	if string(p[:n]) != "pipe" || fd < 0 || err != nil {
		t.Fatalf("got %q, descriptor %d, %v", p[:n], fd, err)
	}
	defer unix.Close(fd)
	unix.Write(pipe[1], []byte("Hello"))
	if n, err := unix.Read(fd, p); string(p[:max(n, 0)]) != "Hello" {
		t.Errorf("reading from the received descriptor: got %q, %v, want Hello", p[:max(n, 0)], err)
	}
	if onExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); onExec&unix.FD_CLOEXEC == 0 {
		t.Error("the received descriptor survives exec; want it to close")
	}
}

// lives reports whether a descriptor for the pipe's reading end is still open anywhere.
func lives(w int) bool {
	fds := []sys.PollFd{{Fd: int32(w)}}
	sys.Poll(fds, 0)
	return fds[0].Revents&unix.POLLERR == 0
}

func TestADescriptorThatNobodyAskedForIsClosed(t *testing.T) {
	for how, receive := range map[string]func(theirs channel) error{
		"Recv": func(theirs channel) error { _, err := theirs.Recv(make([]byte, 8)); return err },
		"RecvFD, with a message that is too long": func(theirs channel) error {
			n, fd, err := theirs.RecvFD(make([]byte, 2))
			if n != 0 || fd >= 0 || !errors.Is(err, errTruncated) {
				return fmt.Errorf("got %d bytes, descriptor %d, %v", n, fd, err)
			}
			return nil
		},
		"Close": func(theirs channel) error { theirs.Close(); return nil },
	} {
		t.Run(how, func(t *testing.T) {
			ours, theirs := mustChannel(t)
			if how != "Close" {
				defer theirs.Close()
			}
			var pipe [2]int
			if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
				t.Fatal(err)
			}
			defer unix.Close(pipe[1])
			ours.SendFD([]byte("pipe"), pipe[0])
			unix.Close(pipe[0])
			if !lives(pipe[1]) {
				t.Fatal("the descriptor is closed while its message waits to be received")
			}
			if err := receive(theirs); err != nil {
				t.Error(err)
			}
			if lives(pipe[1]) {
				t.Error("the descriptor is still open somewhere")
			}
		})
	}
}

func TestAMessageThatIsTooLongIsAnError(t *testing.T) {
	ours, theirs := mustChannel(t)
	defer theirs.Close()
	ours.mustSend(t, "123456789")
	ours.mustSend(t, "12345678")
	p := make([]byte, 8)
	if n, err := theirs.Recv(p); n != 0 || !errors.Is(err, errTruncated) {
		t.Errorf("nine bytes for a buffer of eight: got %d bytes, %v, want errTruncated", n, err)
	}
	if n, err := theirs.Recv(p); n != 8 || err != nil {
		t.Errorf("the next message: got %d bytes, %v, want 8", n, err)
	}
}

func TestTheOtherEndOfAChannelIsClosed(t *testing.T) {
	for why, end := range map[string]func(ours, theirs channel){
		"the other end is closed": func(ours, theirs channel) { theirs.Close() },
		"the other end is closed before it has received our message": func(ours, theirs channel) {
			ours.Send([]byte("x"))
			theirs.Close()
		},
	} {
		for how, receive := range map[string]func(channel) error{
			"Recv":   func(b channel) error { _, err := b.Recv(make([]byte, 8)); return err },
			"RecvFD": func(b channel) error { _, _, err := b.RecvFD(make([]byte, 8)); return err },
		} {
			ours, theirs := mustChannel(t)
			end(ours, theirs)
			fds := []sys.PollFd{{Fd: int32(ours.FD), Events: sys.POLLIN}}
			if n, err := sys.Poll(fds, 10*time.Second); n != 1 || err != nil {
				t.Errorf("%s: poll doesn't report it, so no loop would be woken: %v", why, err)
			}
			if err := receive(ours); !errors.Is(err, errEnded) {
				t.Errorf("%s: %s returned %v, want errEnded", why, how, err)
			}
		}
	}
}

func TestMessagesSentBeforeTheEndAreStillReceived(t *testing.T) {
	ours, theirs := mustChannel(t)
	theirs.mustSend(t, "last words")
	theirs.Close()
	p := make([]byte, 16)
	if n, err := ours.Recv(p); string(p[:n]) != "last words" || err != nil {
		t.Errorf("got %q, %v, want the last words", p[:n], err)
	}
	if _, err := ours.Recv(p); !errors.Is(err, errEnded) {
		t.Errorf("after the last message: got %v, want errEnded", err)
	}
}

func TestSendingToAProcessThatIsGone(t *testing.T) {
	ours, theirs := mustChannel(t)
	theirs.Close()
	if full, err := ours.Send([]byte("x")); full || err == nil {
		t.Errorf("sending a message after the other end was closed: full %v, %v, want an error and no SIGPIPE", full, err)
	}
	if full, err := ours.SendFD([]byte("x"), 0); full || err == nil {
		t.Errorf("sending a descriptor after the other end was closed: full %v, %v, want an error", full, err)
	}
}
