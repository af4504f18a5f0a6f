// Command sizes sends messages of several sizes to four servers, and says what comes back.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

func main() {
	dir, err := os.MkdirTemp("", "sizes-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sizes:", err)
		os.Exit(1)
	}
}

// compare builds the servers in dir, then asks each of them.
func compare(dir string) error {
	const chapter = "threeloops/tutorials/chapters/10-websocket/"
	names := []string{"server", "nuls", "zero", "first"}
	out, err := exec.Command("go", "build", "-o", dir, chapter+"server", chapter+"faults/nuls", chapter+"faults/zero",
		chapter+"faults/first").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	var columns [][]string
	for _, name := range names {
		cells, err := ask(exec.Command(dir+"/"+name, "-addr", "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		columns = append(columns, cells)
	}
	fmt.Print("What comes back. The column “header” is the length of the header in bytes, in a frame without a mask.\n\n")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "message\theader\t"+strings.Join(names, "\t"))
	for i, n := range sizes {
		header := len(ws.AppendHeader(nil, ws.Header{Length: int64(n)}))
		fmt.Fprintf(w, "%d bytes\t%d", n, header)
		for _, cells := range columns {
			fmt.Fprint(w, "\t", cells[i])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "two in one write\t2")
	for _, cells := range columns {
		fmt.Fprint(w, "\t", cells[len(sizes)])
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// sizes are the lengths of the messages, at both sides of the limits where a header changes.
var sizes = []int{5, 125, 126, 65535, 65536}

// ask starts a server, and sends a message of each size, and then two messages in one write.
func ask(server *exec.Cmd) (cells []string, err error) {
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, err
	}
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	for _, n := range sizes {
		cell, err := send(addr, bytes.Repeat([]byte("x"), n))
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
	}
	cell, err := send(addr, []byte("one"), []byte("two"))
	return append(cells, cell), err
}

// send opens a WebSocket, sends messages in one write, and says what has come back.
func send(addr string, messages ...[]byte) (string, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	r := bufio.NewReader(c)
	if _, err := http.ReadResponse(r, nil); err != nil {
		return "", err
	}
	var all []byte
	for _, m := range messages {
		all = ws.AppendFrame(all, ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Key: [4]byte{1, 2, 3, 4}}, m)
	}
	if _, err := c.Write(all); err != nil {
		return "", err
	}
	for i, m := range messages {
		if said := receive(r, m); said == "nothing" && i > 0 {
			return "only the first", nil
		} else if said != "the same" {
			return said, nil
		}
	}
	return "the same", nil
}

// receive reads a frame, and says how its payload differs from want.
func receive(r io.Reader, want []byte) string {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return "nothing"
	}
	n := uint64(head[1])
	if wide := map[byte]int{126: 2, 127: 8}[head[1]]; wide > 0 {
		io.ReadFull(r, head[10-wide:])
		clear(head[2 : 10-wide])
		n = binary.BigEndian.Uint64(head[2:])
	}
	if n != uint64(len(want)) {
		said := fmt.Sprintf("length %d", n)
		io.ReadFull(r, head[:2])
		if _, _, err := ws.ParseHeader(head[:2]); err != nil { // what follows is no frame
			said += ", error"
		}
		return said
	}
	got := make([]byte, n)
	if _, err := io.ReadFull(r, got); err != nil {
		return "less"
	}
	switch {
	case bytes.Equal(got, want):
		return "the same"
	case bytes.Count(got, []byte{0}) == len(got):
		return "only NULs"
	}
	return "other bytes"
}
