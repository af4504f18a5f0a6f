package processtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

// client is one connection to a server, for one goroutine.
type client struct {
	*net.TCPConn
	in     *bufio.Reader
	frames Events
	agreed string // what the server answered about extensions
	zip    *zip   // for compressed messages
}

// dial connects. All that the client does must end within a minute.
func dial(addr string) (*client, error) { return connect(&net.Dialer{Timeout: testTimeout}, addr) }

// dialNarrow connects a client whose socket holds little that it has not read.
func dialNarrow(addr string) (*client, error) {
	return connect(&net.Dialer{Timeout: testTimeout, Control: func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10)
		})
		return errors.Join(err, failed)
	}}, addr)
}

// crowd connects so many clients, each of which asks for /healthz and doesn't wait for the answer.
func crowd(t *testing.T, p *Process, clients int) (all []*client) {
	t.Helper()
	for range clients {
		c, err := dial(p.Addr)
		must(t, err)
		t.Cleanup(func() { c.Close() })
		must(t, c.ask("/healthz"))
		all = append(all, c)
	}
	return all
}

func connect(d *net.Dialer, addr string) (*client, error) {
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReaderSize(conn, 4<<10)
	return &client{TCPConn: conn.(*net.TCPConn), in: in, frames: Events{In: in}}, nil
}

// reset ends the connection with a RST.
func (c *client) reset() {
	c.SetLinger(0)
	c.Close()
}

// reply is an HTTP response that has come whole.
type reply struct {
	status int
	last   bool // the server will close
	body   []byte
}

// ask sends a GET; more are further lines of its head.
func (c *client) ask(path string, more ...string) error {
	lines := append([]string{"GET " + path + " HTTP/1.1", "Host: localhost"}, more...)
	_, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n")
	return err
}

// answer reads a response to a GET.
func (c *client) answer() (reply, error) {
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(r.Body)
	return reply{r.StatusCode, r.Close, body}, err
}

func (c *client) get(path string, more ...string) (reply, error) {
	if err := c.ask(path, more...); err != nil {
		return reply{}, err
	}
	return c.answer()
}

// post sends a POST and reads the answer.
func (c *client) post(path, body string) (reply, error) {
	_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
		path, len(body), body)
	if err != nil {
		return reply{}, err
	}
	return c.answer()
}

// ended is an error unless the server's FIN comes next.
func (c *client) ended() error {
	if n, err := c.in.Read(make([]byte, 64)); err != io.EOF {
		return fmt.Errorf("want the end of the stream, got %d bytes and %v", n, err)
	}
	return nil
}

// upgrade opens the WebSocket of /echo; more are further lines of its head.
func (c *client) upgrade(more ...string) error {
	_, err := c.upgradeAt("/echo", more...)
	return err
}

// upgradeAt opens a WebSocket; more are further lines of the handshake's head. It
// returns the subprotocol that was chosen.
func (c *client) upgradeAt(path string, more ...string) (protocol string, err error) {
	if err := c.ask(path, append(webSocketFields[:], more...)...); err != nil {
		return "", err
	}
	return c.upgraded()
}

// upgraded reads the answer to a handshake.
func (c *client) upgraded() (protocol string, err error) {
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return "", err
	}
	c.agreed = r.Header.Get("Sec-WebSocket-Extensions")
	c.frames.Init(ws.Client, 0)
	c.frames.Rsv1 = c.agreed != ""
	return r.Header.Get("Sec-WebSocket-Protocol"),
		equal("status of the handshake", r.StatusCode, http.StatusSwitchingProtocols)
}

// webSocketFields are the lines that a handshake has to have beside Host.
var webSocketFields = [...]string{
	"Upgrade: websocket", "Connection: Upgrade",
	"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
}

// frame is a client's frame.
func frame(op ws.Opcode, p []byte) []byte {
	return ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: op, Masked: true, Key: [4]byte{7, 1, 9, 200}}, p)
}

func (c *client) send(op ws.Opcode, p []byte) error {
	_, err := c.Write(frame(op, p))
	return err
}

// receives is an error unless p comes back.
func (c *client) receives(op ws.Opcode, p []byte) error {
	ev, err := c.frames.Next()
	if err == nil && ev.Rsv1 {
		ev.Payload, err = c.zip.inflate(ev.Payload)
	}
	switch {
	case err != nil:
		return fmt.Errorf("want an echo, got %w", err)
	case ev.Kind != ws.Data:
		return fmt.Errorf("want an echo, got a %v with %v", ev.Kind, ev.Code)
	case ev.Opcode != op:
		return fmt.Errorf("want an echo of type %v, got one of type %v", op, ev.Opcode)
	case !bytes.Equal(ev.Payload, p):
		return fmt.Errorf("want the %d bytes sent, got %d others", len(p), len(ev.Payload))
	}
	return nil
}

// echo sends p and receives it.
func (c *client) echo(p []byte) error {
	if err := c.send(ws.Binary, p); err != nil {
		return err
	}
	return c.receives(ws.Binary, p)
}

// closed is an error unless the server's Close with code comes next.
func (c *client) closed(code ws.Code) error {
	ev, err := c.frames.Next()
	switch {
	case err != nil:
		return fmt.Errorf("want a Close frame with %v, got %w", code, err)
	case ev.Kind != ws.CloseFrame || ev.Code != code:
		return fmt.Errorf("want a Close frame with %v, got a %v with %v", code, ev.Kind, ev.Code)
	}
	return nil
}

// leave does the closing handshake.
func (c *client) leave() error {
	defer c.Close()
	if err := c.send(ws.Close, ws.AppendClose(nil, ws.NormalClosure, "")); err != nil {
		return err
	}
	if err := c.closed(ws.NormalClosure); err != nil {
		return err
	}
	return c.ended()
}

// open returns a client with an open WebSocket.
func open(addr string) (*client, error) {
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	return c, c.upgrade()
}

// fill writes p again and again until nobody has taken a byte for a while, and
// returns how many bytes were taken. It stops at most.
func (c *client) fill(p []byte, most int) (taken int) {
	defer c.SetWriteDeadline(time.Now().Add(time.Minute))
	for taken < most {
		c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := c.Write(p)
		taken += n
		if err != nil {
			break
		}
	}
	return taken
}
