// Command handshakes opens many WebSockets at two servers, and counts the wrong values of Sec-WebSocket-Accept.
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"
)

// handshakes is how many WebSockets each server must open.
const handshakes = 2000

func main() {
	dir, err := os.MkdirTemp("", "handshakes-*")
	if err == nil {
		err = compare(dir)
		os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "handshakes:", err)
		os.Exit(1)
	}
}

// compare builds the servers in dir, then counts for each of them.
func compare(dir string) error {
	const chapter = "threeloops/tutorials/chapters/10-websocket/"
	out, err := exec.Command("go", "build", "-o", dir, chapter+"server", chapter+"faults/digest").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%srun this command in the folder of the repository: %w", out, err)
	}
	fmt.Printf("%d handshakes with each server, each with another key.\n\n", handshakes)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "server\twrong values\tdigests with a NUL\twrong and no NUL")
	for _, name := range []string{"server", "digest"} {
		counts, err := count(exec.Command(dir+"/"+name, "-addr", "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "%s%s\n", name, counts)
	}
	return w.Flush()
}

// count starts a server, makes the handshakes, and returns the counts as cells of the table.
func count(server *exec.Cmd) (cells string, err error) {
	out, err := server.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := server.Start(); err != nil {
		return "", err
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", err
	}
	addr := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	var wrong, nuls, other int
	for range handshakes {
		var nonce [16]byte
		rand.Read(nonce[:])
		key := base64.StdEncoding.EncodeToString(nonce[:])
		digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		got, err := accepted(addr, key)
		if err != nil {
			return "", err
		}
		hasNUL := bytes.IndexByte(digest[:], 0) >= 0
		if hasNUL {
			nuls++
		}
		if got != base64.StdEncoding.EncodeToString(digest[:]) {
			wrong++
			if !hasNUL {
				other++
			}
		}
	}
	return fmt.Sprintf("\t%d\t%d\t%d", wrong, nuls, other), nil
}

// accepted opens a WebSocket, and returns the Sec-WebSocket-Accept of the answer.
func accepted(addr, key string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.(*net.TCPConn).SetLinger(0) // close resets the connection, so that none is left in TIME_WAIT
	c.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", addr, key)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	if r.StatusCode != http.StatusSwitchingProtocols {
		return "", fmt.Errorf("status %s", r.Status)
	}
	return r.Header.Get("Sec-WebSocket-Accept"), nil
}
