// Command bare shows what a process per connection costs in Go before it does anything. Its parent
// accepts connections and executes itself again. Its child answers a handshake, and then every
// frame with a ready-made one, in a loop of poll(2), read and write. It parses only what it must,
// imports only what it must, and doesn't handle what a client on the same machine never does.
//
// Its command line is the one of the C programs: see c/start.h.
package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

const connFD = 3

func main() {
	if os.Args[0] == "child" {
		message, _ := strconv.Atoi(os.Args[1])
		child(message)
		return
	}
	runtime.LockOSThread() // a child's Pdeathsig depends on the thread that made it
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		os.Exit(0)
	}()
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			for pid := 1; pid > 0; {
				pid, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			}
		}
	}()
	listener, _ := strconv.Atoi(os.Args[1])
	syscall.SetNonblock(listener, false)
	os.Stdout.WriteString(os.Args[5] + "\n")
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_CLOEXEC)
		if err != nil {
			os.Exit(1)
		}
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		_, err = syscall.ForkExec("/proc/self/exe", []string{"child", os.Args[2]}, &syscall.ProcAttr{
			Env:   []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=64MiB"},
			Files: []uintptr{0, 1, 2, connFD: uintptr(fd)},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
		})
		if err != nil {
			os.Exit(1)
		}
		syscall.Close(fd)
	}
}

func child(message int) {
	in := make([]byte, max(4096, message+14))
	n := 0
	for !bytes.Contains(in[:n], []byte("\r\n\r\n")) {
		got := read(in[n:])
		if got <= 0 {
			return
		}
		n += got
	}
	write(accepted(in[:n]))
	reply := frame(message)
	unit := len(reply) + 4 // the client's frame has a masking key
	var out []byte
	for n = 0; ; out = out[:0] {
		got := read(in)
		if got <= 0 {
			return
		}
		for at := 0; at < got; {
			if n == 0 && in[at] == 0x88 { // opcode Close
				write(append(out, 0x88, 2, 0x03, 0xe8))
				return
			}
			some := min(unit-n, got-at)
			if n, at = n+some, at+some; n == unit {
				out, n = append(out, reply...), 0
			}
		}
		write(out)
	}
}

// read waits until there is something to read, like a loop that could watch more than one
// descriptor.
func read(p []byte) int {
	fds := [1]struct {
		fd      int32
		events  int16
		revents int16
	}{{fd: connFD, events: 1}}
	syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(&fds)), 1, ^uintptr(0))
	n, _ := syscall.Read(connFD, p)
	return n
}

func write(p []byte) {
	for len(p) > 0 {
		n, err := syscall.Write(connFD, p)
		if err != nil {
			os.Exit(0) // the client has closed the connection
		}
		p = p[n:]
	}
}

// accepted returns the answer to a handshake.
func accepted(head []byte) []byte {
	_, rest, _ := bytes.Cut(bytes.ToLower(head), []byte("sec-websocket-key:"))
	at := len(head) - len(rest)
	key, _, _ := bytes.Cut(head[at:], []byte("\r\n"))
	sum := sha1.Sum(append(bytes.Clone(bytes.TrimSpace(key)), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...))
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
}

// frame returns a binary message of n letters x.
func frame(n int) []byte {
	head := []byte{0x82, 127, 0, 0, 0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	switch {
	case n < 126:
		head = []byte{0x82, byte(n)}
	case n < 1<<16:
		head = []byte{0x82, 126, byte(n >> 8), byte(n)}
	}
	return append(head, bytes.Repeat([]byte("x"), n)...)
}
