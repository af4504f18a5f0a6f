package processtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// writeTimeout is that of the servers here, a thirtieth of the default.
const writeTimeout = time.Second

// servesSlowReaders has clients read a file as slowly as -write-timeout allows.
func servesSlowReaders(t *testing.T) {
	t.Run("slow readers are served", readsSlowly)
	t.Run("a client that takes nothing is cut off", cutsOffIdleReader)
	t.Run("a reader is served after the server was stopped", readsAcrossStop)
}

// readsSlowly has clients read without a pause, at rates that are 4, 10 and 40 KB/s by the default
// of -write-timeout. Linux announces room in the server's socket when a third of its buffer is
// free, and that takes these clients longer than -write-timeout. (The loopback interface moves up
// to 64 KiB at a time. A client slower than these would not be seen to take anything within a
// second.)
func readsSlowly(t *testing.T) {
	t.Parallel()
	const scale = int(30 * time.Second / writeTimeout)
	p := Launch(t, "-root="+newRoot(t), fmt.Sprint("-write-timeout=", writeTimeout))
	rates := []int{4000 * scale, 10_000 * scale, 40_000 * scale}
	open := make([]bool, len(rates))
	together(t, len(rates), func(i int) error {
		c, err := dialSteady(p.Addr, rates[i]/2)
		if err != nil {
			return err
		}
		defer c.reset()
		if err := c.ask("/large"); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, c, largeFile/4); err != nil { // the buffer grows with the rate
			return err
		}
		n, err := c.readAt(rates[i], 5*writeTimeout)
		if err != nil {
			return fmt.Errorf("%d bytes a second: want to be served to the end, got %d bytes and %w", rates[i], n, err)
		}
		open[i] = p.sees(c) // what a server has sent before it gave up comes for a long time
		return nil
	})
	for i, rate := range rates {
		if !open[i] {
			t.Errorf("a client that reads %d bytes a second: the server has closed its connection", rate)
		}
	}
}

// dialSteady connects a client that tells the server often of what it has read: its segments are as
// small as those of an Ethernet, and its buffer is fixed. A client announces room when a sixteenth
// of its buffer and a segment are free, and the buffers and segments of the loopback interface are
// large.
func dialSteady(addr string, buffer int) (*client, error) {
	return connect(&net.Dialer{Timeout: testTimeout, Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = errors.Join(
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1460),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, buffer))
		})
		return errors.Join(err, failed)
	}}, addr)
}

// sees reports whether the server's end of a connection is still a descriptor of a process: one
// that was closed has no inode.
func (p *Process) sees(c *client) bool {
	text, _ := os.ReadFile("/proc/net/tcp")
	local := c.RemoteAddr().(*net.TCPAddr) // as the server has it
	line := regexp.MustCompile(fmt.Sprintf(`(?m)^ *\d+: \S+:%04X \S+:%04X (?:\S+ +){6}(\d+)`, local.Port, c.port()))
	found := line.FindSubmatch(text)
	return found != nil && string(found[1]) != "0"
}

// readAt reads so many bytes a second for a while and returns how many came. What comes too late is
// read later.
func (c *client) readAt(rate int, d time.Duration) (n int, err error) {
	const step = 20 * time.Millisecond
	buf := make([]byte, rate*int(step)/int(time.Second))
	begin := time.Now()
	for due := begin; due.Sub(begin) < d; due = due.Add(step) {
		time.Sleep(time.Until(due))
		got, err := io.ReadFull(c, buf)
		if n += got; err != nil {
			return n, err
		}
	}
	return n, nil
}

// cutsOffIdleReader has a client that asks for a file and takes none of it. simtest.Timeouts does the
// same with a client that has a large buffer.
func cutsOffIdleReader(t *testing.T) {
	t.Parallel()
	p := Launch(t, "-root="+newRoot(t), fmt.Sprint("-write-timeout=", writeTimeout))
	p.AwaitOpen(1)
	c, err := dialSteady(p.Addr, 4<<10)
	must(t, err)
	defer c.Close()
	p.AwaitOpen(2)
	begin := time.Now()
	must(t, c.ask("/large"))
	p.AwaitOpen(1)
	took := time.Since(begin)
	t.Logf("with -write-timeout=%v it is cut off after %v", writeTimeout, took)
	if took < writeTimeout*9/10 || took > 2*writeTimeout*slack() { // 1.5, and what a busy machine adds
		t.Errorf("cut off after %v, want between 1 and 1.5 times %v", took, writeTimeout)
	}
}

// readsAcrossStop stops the server for longer than -write-timeout, while clients read all that
// there is.
func readsAcrossStop(t *testing.T) {
	t.Parallel()
	const readers = 8
	p := Launch(t, "-root="+newRoot(t), fmt.Sprint("-write-timeout=", writeTimeout))
	t.Cleanup(func() { p.signalAll(syscall.SIGCONT) })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		time.Sleep(writeTimeout / 4)
		p.signalAll(syscall.SIGSTOP)
		time.Sleep(2 * writeTimeout)
		p.signalAll(syscall.SIGCONT)
	}()
	together(t, readers, func(int) error {
		c, err := dialSteady(p.Addr, mib)
		if err != nil {
			return err
		}
		defer c.reset()
		if err := c.ask("/large"); err != nil {
			return err
		}
		if n, err := c.readAt(largeFile/3, 5*writeTimeout/2); err != nil {
			return fmt.Errorf("want the file after the server was stopped, got %d bytes and %w", n, err)
		}
		return nil
	})
	<-stopped
}
