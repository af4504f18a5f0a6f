//go:build !sim

package conn

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
	"threeloops/common/ws"
)

func TestReadingNothingChangesNothing(t *testing.T) {
	w := connect(t, &testApp{})
	w.ReadOnce(w.now)
	if w.Want() != session.Read || w.stat.Get(stat.SysRead) != 1 {
		t.Errorf("after EAGAIN: want Read and 1 read, got Want %d and %d reads", w.Want(), w.stat.Get(stat.SysRead))
	}
}

// A connection must not end because the kernel has no memory for a moment.
func TestWhatEachErrnoOfReadAndSendMeans(t *testing.T) {
	for e := unix.Errno(1); e < 134; e++ {
		again, err := checkErrno(e)
		switch e {
		case unix.EINTR:
			if !again || err != nil {
				t.Errorf("%v: got %t, %v, want another call", e, again, err)
			}
		case unix.EAGAIN, unix.ENOMEM, unix.ENOBUFS:
			if again || err != unix.EAGAIN {
				t.Errorf("%v: got %t, %v, want EAGAIN", e, again, err)
			}
		default:
			if again || err != e {
				t.Errorf("%v: got %t, %v, want the end of the connection", e, again, err)
			}
		}
	}
}

func TestReadOnceReadsOnce(t *testing.T) {
	w := connect(t, &testApp{})
	w.peer.Write([]byte("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n"))
	go w.peer.Write(make([]byte, 900_000))
	for calls := uint64(1); w.app.asked == 0; calls++ {
		w.wait(sys.POLLIN)
		before := w.stat.Get(stat.BytesIn)
		w.ReadOnce(w.now)
		if n := w.stat.Get(stat.SysRead); n != calls {
			t.Fatalf("%d calls of ReadOnce called read(2) %d times", calls, n)
		}
		if n := w.stat.Get(stat.BytesIn) - before; n > session.MaxRead {
			t.Fatalf("one read returned %d bytes, want at most %d", n, session.MaxRead)
		}
	}
}

// The request and the response are still in the processor's cache then.
func TestALongResponseIsSentImmediately(t *testing.T) {
	for _, c := range []struct{ size, writes int }{
		{earlyFlushBytes / 2, 0}, {earlyFlushBytes, 1}, {scratchSize / 2, 1}, {2 * scratchSize, 0},
	} {
		w := connect(t, reply(session.Response{Status: 200, Body: make([]byte, c.size)}))
		w.peer.Write([]byte(get))
		w.wait(sys.POLLIN)
		w.ReadOnce(w.now)
		if n := int(w.stat.Get(stat.SysWrite)); n != c.writes {
			t.Errorf("a response with a body of %d bytes: %d writes before Flush, want %d", c.size, n, c.writes)
		}
	}
}

// That saves a packet and its acknowledgement, a seventh of the CPU time of a short connection.
func TestTheLastReplyAndTheFinShareASegment(t *testing.T) {
	w := connect(t, reply(session.Response{Status: 200, Body: []byte("all")}))
	w.sendText("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	w.Flush(w.now)
	if text, err := io.ReadAll(w.peer); !strings.HasSuffix(string(text), "all") || err != nil {
		t.Fatalf("the peer reads %q, %v, want the response", text, err)
	}
	raw, err := w.peer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO)
		if err != nil {
			t.Fatal(err)
		}
		if n := info.Segs_in; n > 3 { // SYN-ACK, the request's ACK, and this one
			t.Errorf("the peer got %d segments, want 3", n)
		}
	})
}

func TestAPeersFinEndsTheSession(t *testing.T) {
	w := connect(t, &testApp{})
	w.peer.CloseWrite()
	w.wait(sys.POLLIN)
	w.ReadOnce(w.now)
	w.Flush(w.now)
	if w.Want() != 0 {
		t.Errorf("after both FINs Want is %d, want 0", w.Want())
	}
	if text, err := io.ReadAll(w.peer); len(text) > 0 || err != nil {
		t.Errorf("the peer reads %q, %v, want our FIN", text, err)
	}
}

func TestAHalfClosedPeerIsAnswered(t *testing.T) {
	w := connect(t, reply(session.Response{Status: 200, Body: []byte("Hello")}))
	w.peer.Write([]byte(get))
	w.peer.CloseWrite()
	for w.Want() != 0 {
		w.wait(sys.POLLIN)
		w.ReadOnce(w.now)
		w.Flush(w.now)
	}
	if text, err := io.ReadAll(w.peer); !strings.HasSuffix(string(text), "Hello") || err != nil {
		t.Errorf("the peer reads %q, %v, want the response", text, err)
	}
}

func TestAResetEndsTheSession(t *testing.T) {
	w := connect(t, &testApp{})
	w.reset()
	w.wait(sys.POLLIN)
	w.ReadOnce(w.now)
	if w.Want() != 0 {
		t.Errorf("after a reset Want is %d, want 0", w.Want())
	}
	if w.Flush(w.now) || w.stat.Get(stat.SysWrite)+w.stat.Get(stat.SysShutdown) > 0 {
		t.Error("Flush sends to a peer that has reset the connection")
	}
}

// held makes connections that don't want Read, each for another reason.
func held(t *testing.T) map[string]*world {
	full := connect(t, reply(session.Response{Status: 200, Body: make([]byte, 16<<20), Shared: true}))
	full.sendText(get)
	full.Flush(full.now)
	owing := connect(t, &testApp{})
	owing.sendText(get + get)
	return map[string]*world{"a peer that doesn't read": full, "a response that is owed": owing}
}

func TestAResetIsNoticedWhileNothingIsRead(t *testing.T) {
	for why, w := range held(t) {
		if w.Want()&session.Read != 0 {
			t.Fatalf("%s: Want still has Read", why)
		}
		w.reset()
		if marks := w.wait(0); marks&(unix.POLLHUP|unix.POLLERR) == 0 {
			t.Errorf("%s: after a reset poll reports %#x, want POLLHUP or POLLERR", why, marks)
		}
		w.ReadOnce(w.now)
		if w.Want() != 0 || w.app.gone != 1 {
			t.Errorf("%s: after a reset want Want 0 and 1 call of Gone, got %d and %d", why, w.Want(), w.app.gone)
		}
	}
}

// An event may be stale. After the wait has reported a descriptor, a message of another connection
// can still fill the queue before the loop handles the event.
func TestAStaleEventAffectsNoOtherConnection(t *testing.T) {
	for name, w := range held(t) {
		w.ReadOnce(w.now)
		if w.Want() == 0 {
			t.Errorf("%s: an event that the connection no longer waits for has ended it", name)
		}
	}
}

func TestEpollReportsAResetWithoutInterest(t *testing.T) {
	for why, w := range held(t) {
		ep, err := sys.EpollCreate()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(ep)
		if err := sys.EpollCtl(ep, sys.EPOLL_CTL_ADD, w.FD, 0); err != nil {
			t.Fatal(err)
		}
		w.reset()
		events := make([]sys.EpollEvent, 4)
		n, err := sys.EpollWait(ep, events, soon)
		if n != 1 || err != nil || int(events[0].Fd) != w.FD || events[0].Events&unix.EPOLLHUP == 0 {
			t.Errorf("%s: epoll reports %v, %v, want EPOLLHUP", why, events[:n], err)
		}
	}
}

func TestShortWritesLoseNothing(t *testing.T) {
	body := make([]byte, 5<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	shared := session.Response{Status: 200, Body: body, Shared: true}
	copied := session.Response{Status: 200, Body: body}
	file := session.Response{Status: 200, File: openFile(t, body), Len: int64(len(body))}
	for why, answer := range map[string]session.Response{"shared": shared, "copied": copied, "a file": file} {
		w := connect(t, reply(answer))
		unix.SetsockoptInt(w.FD, unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<10)
		w.sendText(get)
		got := make(chan []byte)
		go func() {
			text, _ := io.ReadAll(w.peer)
			got <- text
		}()
		for w.Flush(w.now) || w.Want()&session.Write != 0 {
			w.wait(sys.POLLOUT)
		}
		unix.Shutdown(w.FD, unix.SHUT_WR)
		_, text, _ := bytes.Cut(<-got, []byte("\r\n\r\n"))
		if !bytes.Equal(text, body) {
			t.Errorf("%s: want the %d bytes of the body, got %d bytes, or wrong ones", why, len(body), len(text))
		}
	}
}

func TestAFlushHasABudget(t *testing.T) {
	size := int64(3 * session.MaxSend)
	answer := session.Response{Status: 200, File: openFile(t, make([]byte, size)), Len: size}
	w := connect(t, reply(answer))
	err := unix.SetsockoptInt(w.FD, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 16<<20)
	if err != nil {
		t.Skip("only root may have a socket buffer that large:", err)
	}
	w.sendText(get)
	for round := 1; ; round++ {
		before := w.stat.Get(stat.BytesOut)
		again := w.Flush(w.now)
		if n := w.stat.Get(stat.BytesOut) - before; n > session.MaxSend+300 {
			t.Fatalf("iteration %d sends %d bytes, want at most %d", round, n, session.MaxSend+300)
		}
		if !again {
			break
		}
		if round > 9 {
			t.Fatal("Flush never stops asking for another turn")
		}
	}
	if w.Want()&session.Write != 0 {
		t.Error("Flush asks for no further turn, but bytes are queued and the socket has room")
	}
}

func TestAFileThatBecameShorterEndsTheConnection(t *testing.T) {
	text := []byte("shorter than announced")
	w := connect(t, reply(session.Response{Status: 200, File: openFile(t, text), Len: 100_000}))
	w.sendText(get)
	for range 2 { // the missing part looks like a part that must be read from the disk
		w.cfg.Round()
		w.Flush(w.now)
	}
	if w.Want() != 0 {
		t.Errorf("the file is shorter than announced, but Want is %d, want 0", w.Want())
	}
	f := openFile(t, text)
	defer f.Close()
	_, _, err := w.send(&outq.Batch{File: f, Off: int64(len(text)), Len: 1}, session.MaxSend)
	if !errors.Is(err, errTruncated) {
		t.Errorf("after the end of the file: got error %v, want errTruncated", err)
	}
}

// segments is the number of segments with data that the socket has sent.
func (w *world) segments() uint32 {
	info, err := unix.GetsockoptTCPInfo(w.FD, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		w.t.Fatal(err)
	}
	return info.Data_segs_out
}

func TestASmallFileThatBecameShorterIsRefused(t *testing.T) {
	w := connect(t, reply(session.Response{Status: 200, File: openFile(t, []byte("shorter")), Len: 100}))
	w.sendText(get)
	w.Flush(w.now)
	b := make([]byte, 1000)
	n, err := w.peer.Read(b)
	if !strings.HasPrefix(string(b[:n]), "HTTP/1.1 503 ") {
		t.Errorf("want a 503, got %q, %v", b[:n], err)
	}
}

// A small file is copied behind its head, and a larger one is sent after it, with MSG_MORE for the head.
func TestHeadAndFileShareASegment(t *testing.T) {
	for _, size := range []int{5, 20_000} {
		for _, plain := range []bool{false, true} {
			file := openFile(t, make([]byte, size))
			w := connect(t, reply(session.Response{Status: 200, File: file, Len: int64(size)}))
			w.io.SplitWrites, w.cfg.SplitWrites = plain, plain
			w.sendText(get)
			w.Flush(w.now)
			want := uint32(1)
			if plain {
				want = 2
			}
			if n := w.segments(); n != want {
				t.Errorf("SplitWrites %t: header fields and a file of %d bytes leave in %d segments, want %d",
					plain, size, n, want)
			}
		}
	}
}

// webSocket opens a WebSocket, and returns a masked text frame to send.
func (w *world) webSocket() []byte {
	w.sendText("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	w.Flush(w.now)
	w.peer.Read(make([]byte, 4096))
	return ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true}, make([]byte, 64))
}

func TestAMessageCostsOneReadAndOneWrite(t *testing.T) {
	w := connect(t, &testApp{})
	frame, answer := w.webSocket(), make([]byte, 4096)
	reads, writes := w.stat.Get(stat.SysRead), w.stat.Get(stat.SysWrite)
	const messages = 50
	for range messages {
		w.sendText(string(frame))
		w.Flush(w.now)
		if n, err := w.peer.Read(answer); n != 66 || err != nil {
			t.Fatalf("got an echo of %d bytes, %v; want 66 bytes", n, err)
		}
	}
	reads, writes = w.stat.Get(stat.SysRead)-reads, w.stat.Get(stat.SysWrite)-writes
	if reads != messages || writes != messages {
		t.Errorf("%d messages cost %d reads and %d writes, want one of each for a message", messages, reads, writes)
	}
}

func TestReadAndFlushAllocateNothing(t *testing.T) {
	w := connect(t, &testApp{})
	frame, answer := w.webSocket(), make([]byte, 4096)
	peer, err := w.peer.File()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	fds := []sys.PollFd{{Fd: int32(w.FD), Events: sys.POLLIN}}
	n := testing.AllocsPerRun(200, func() {
		unix.Write(int(peer.Fd()), frame)
		sys.Poll(fds, soon)
		w.ReadOnce(w.now)
		w.Flush(w.now)
		unix.Read(int(peer.Fd()), answer)
	})
	if n != 0 {
		t.Errorf("want no allocations, got %v", n)
	}
}

func TestCloseIsCounted(t *testing.T) {
	w := connect(t, &testApp{})
	w.Close()
	if w.FD != -1 || w.stat.Get(stat.Closed) != 1 || w.stat.Get(stat.SysClose) != 1 {
		t.Errorf("after Close: FD is %d, want -1; %d connections are counted as closed, want 1",
			w.FD, w.stat.Get(stat.Closed))
	}
	if text, err := io.ReadAll(w.peer); len(text) > 0 || err != nil {
		t.Errorf("the peer reads %q, %v, want a FIN", text, err)
	}
}
