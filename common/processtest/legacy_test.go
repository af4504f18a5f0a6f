package processtest

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// speaksOldConventions has a client of each old convention talk to one server:
// clients of their own, which share no code with it.
func speaksOldConventions(t *testing.T) {
	p := Launch(t, "-legacy")
	for name, talk := range map[string]func(*oldClient) error{
		"hixie-75": (*oldClient).hixie75, "hixie-76": (*oldClient).hixie76,
		"hybi-07": func(c *oldClient) error { return c.hybi("7") },
		"hybi-10": func(c *oldClient) error { return c.hybi("8") },
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				c, err := dial(p.Addr)
				must(t, err)
				must(t, talk(&oldClient{c, p.Addr}))
				must(t, c.ended())
				c.Close()
			}
		})
	}
}

// oldClient is a browser of 2010 or 2011, on a page of the server itself.
type oldClient struct {
	*client
	host string
}

// request sends a head. The fields that all conventions have come last: their
// order means nothing.
func (c *oldClient) request(more ...string) error {
	lines := append([]string{"GET /echo HTTP/1.1"}, more...)
	lines = append(lines, "Connection: Upgrade", "Host: "+c.host)
	_, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n")
	return err
}

// expect is an error unless exactly want comes.
func (c *oldClient) expect(want string) error {
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c.in, got); err != nil {
		return fmt.Errorf("want %q, got %q and %w", want, got[:n], err)
	}
	return equal("what comes", string(got), want)
}

// texts has texts come back, sent whole and in pieces.
func (c *oldClient) texts() error {
	for _, text := range []string{"Hello", "", "grüß dich", strings.Repeat("long ", 30_000)} {
		frame := []byte("\x00" + text + "\xff")
		for len(frame) > 0 {
			n := 1 + rand.IntN(len(frame))
			if _, err := c.Write(frame[:n]); err != nil {
				return err
			}
			frame = frame[n:]
		}
		if err := c.expect("\x00" + text + "\xff"); err != nil {
			return err
		}
	}
	return nil
}

// hixie75 is a conversation of hixie-75, ended by a FIN.
func (c *oldClient) hixie75() error {
	if err := c.request("Upgrade: WebSocket", "Origin: http://"+c.host, "WebSocket-Protocol: echo"); err != nil {
		return err
	}
	err := c.expect("HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"WebSocket-Origin: http://" + c.host + "\r\nWebSocket-Location: ws://" + c.host + "/echo\r\n" +
		"WebSocket-Protocol: echo\r\n\r\n")
	if err != nil {
		return err
	}
	if err := c.texts(); err != nil {
		return err
	}
	return c.CloseWrite()
}

// hixie76 is a conversation of hixie-76, ended by its closing handshake.
func (c *oldClient) hixie76() error {
	one, key1 := hixieChallenge()
	two, key2 := hixieChallenge()
	challenge := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, one), two)
	challenge = binary.BigEndian.AppendUint64(challenge, rand.Uint64())
	err := c.request("Upgrade: WebSocket", "Origin: http://"+c.host,
		"Sec-WebSocket-Key1: "+key1, "Sec-WebSocket-Key2: "+key2)
	if err != nil {
		return err
	}
	if _, err := c.Write(challenge[8:]); err != nil {
		return err
	}
	sum := md5.Sum(challenge)
	err = c.expect("HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Origin: http://" + c.host + "\r\nSec-WebSocket-Location: ws://" + c.host + "/echo\r\n\r\n" +
		string(sum[:]))
	if err != nil {
		return err
	}
	if err := c.texts(); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "\xff\x00"); err != nil {
		return err
	}
	return c.expect("\xff\x00")
}

// hixieChallenge makes a key of hixie-76 from a number: the product of that and a
// number of spaces, with these and some other characters strewn into it.
func hixieChallenge() (number uint32, key string) {
	spaces := 1 + rand.Uint32N(12)
	number = rand.Uint32N(1<<32-1) / spaces
	text := []byte(fmt.Sprint(uint64(number) * uint64(spaces)))
	strew := func(c byte, from, to int) {
		at := from + rand.IntN(to-from)
		text = append(text[:at], append([]byte{c}, text[at:]...)...)
	}
	for range 1 + rand.IntN(12) {
		strew(byte(':'+rand.IntN('~'-':'+1)), 0, len(text)+1)
	}
	text = append(append([]byte("a"), text...), 'z') // no space may stand at either end
	for range spaces {
		strew(' ', 1, len(text))
	}
	return number, string(text)
}

// hybi is a conversation of version 7 or 8, whose frames are today's.
func (c *oldClient) hybi(version string) error {
	err := c.request("Upgrade: websocket", "Sec-WebSocket-Origin: http://"+c.host,
		"Sec-WebSocket-Version: "+version, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
	if err != nil {
		return err
	}
	err = c.expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	if err != nil {
		return err
	}
	// 81 is a text that is whole, 82 binary; 80 on the length says that a key follows.
	for _, sent := range []string{"\x81\x85", "\x82\x85"} {
		hello := []byte("Hello")
		key := [4]byte{1, 2, 3, byte(rand.IntN(256))}
		for i := range hello {
			hello[i] ^= key[i%4]
		}
		if _, err := c.Write(bytes.Join([][]byte{[]byte(sent), key[:], hello}, nil)); err != nil {
			return err
		}
		if err := c.expect(string([]byte{sent[0], 5}) + "Hello"); err != nil {
			return err
		}
	}
	if _, err := c.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8}); err != nil {
		return err
	}
	return c.expect("\x88\x02\x03\xe8")
}
