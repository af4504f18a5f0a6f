// Command bomb sends small frames that inflate to large messages, and shows what each server answers.
package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

// limit is the most bytes of a message, the default of the servers' flag -max-message.
const limit = 16 << 20

var servers = []string{"forkserv", "pollserv", "epollserv"}

func main() {
	dir, err := os.MkdirTemp("", "bomb-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		log.Fatal("bomb: ", err)
	}
}

// compare builds the servers in dir, and sends each of them the bombs.
func compare(dir string) error {
	var addrs []string
	for _, name := range servers {
		if out, err := exec.Command("go", "build", "-o", dir, "threeloops/"+name).CombinedOutput(); err != nil {
			return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
		}
		server := exec.Command(dir+"/"+name, "-addr", "127.0.0.1:0")
		addr, err := start(server)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer server.Wait()
		defer server.Process.Signal(syscall.SIGTERM)
		addrs = append(addrs, addr)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "a message of\ta frame of\t%s\n", strings.Join(servers, "\t"))
	for _, size := range []int{1 << 20, limit, limit + 1, 1 << 30} {
		bomb, err := frame(size)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%d\t%d bytes", size, len(bomb))
		for _, addr := range addrs {
			answer, err := send(addr, bomb)
			if err != nil {
				return err
			}
			fmt.Fprint(t, "\t", answer)
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// start starts a server, and returns the address that its first line names.
func start(server *exec.Cmd) (addr string, err error) {
	out, err := server.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_, addr, found := strings.Cut(line, "listening on ")
	if !found {
		server.Process.Kill()
		server.Wait()
		return "", fmt.Errorf("the server doesn't listen: its first line is %q (%v)", line, err)
	}
	addr, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(addr), "http://"), " ")
	return addr, nil
}

// frame returns a client's frame with a compressed message of NULs.
func frame(size int) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	for left := size; left > 0; left -= 1 << 15 {
		if _, err := w.Write(make([]byte, min(left, 1<<15))); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	payload := bytes.TrimSuffix(packed.Bytes(), []byte("\x00\x00\xff\xff")) // RFC 7692, 7.2.1
	h := ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: ws.Binary, Masked: true}
	return ws.AppendFrame(nil, h, payload), nil
}

// send opens a WebSocket, sends a bomb, and says what comes back.
func send(addr string, bomb []byte) (answer string, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET /echo HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", addr)
	in := bufio.NewReader(c)
	response, err := http.ReadResponse(in, nil)
	if err != nil || !strings.HasPrefix(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		return "", fmt.Errorf("no WebSocket with compression: %v", err)
	}
	go c.Write(bomb) // if it fails, the read below does too
	var head [4]byte // opcode, length, and the code of a Close frame
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return "", err
	}
	if ws.Opcode(head[0]&0xf) == ws.Close {
		return fmt.Sprintf("Close %d", binary.BigEndian.Uint16(head[2:])), nil
	}
	return "echo", nil
}
