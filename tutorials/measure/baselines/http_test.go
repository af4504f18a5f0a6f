package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ask sends requests on a new connection and returns a reader of the responses.
func ask(t *testing.T, addr, requests string) *bufio.Reader {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, requests); err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(c)
}

// page reads a response, which must be the page.
func page(t *testing.T, in *bufio.Reader, want string) {
	t.Helper()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(body) != want {
		t.Fatalf("the response is %s, %.20q: %v; want %.20q", resp.Status, body, err, want)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the page's Content-Type is %q", got)
	}
}

const get = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

func TestAnswersAPage(t *testing.T) {
	each(t, withPage, func(t *testing.T, b baseline) {
		for _, n := range []int{3, 1000, 5542, 100_000} {
			if strings.HasPrefix(b.name, "nginx") && n > longestPage {
				continue
			}
			r := run(t, b.name, "-body", fmt.Sprint(n))
			want := strings.Repeat("ok\n", n)[:n]
			in := ask(t, r.addr, strings.Repeat(get, 16))
			for range 16 {
				page(t, in, want)
			}
		}
	})
}

func TestConnectionClose(t *testing.T) {
	each(t, withPage, func(t *testing.T, b baseline) {
		r := run(t, b.name)
		in := ask(t, r.addr, strings.Replace(get, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
		page(t, in, "ok\n")
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
			t.Errorf("after the last response come %q and then %v, want the end", rest, err)
		}
	})
}

func TestARequestMayBeCutAnywhere(t *testing.T) {
	each(t, withPage, func(t *testing.T, b baseline) {
		r := run(t, b.name)
		for i := 1; i < len(get); i += 7 {
			c, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Fatal(err)
			}
			c.SetDeadline(time.Now().Add(patience))
			in := bufio.NewReader(c)
			for range 3 {
				io.WriteString(c, get[:i])
				time.Sleep(time.Millisecond)
				io.WriteString(c, get[i:])
				page(t, in, "ok\n")
			}
			c.Close()
		}
	})
}

func TestServesFiles(t *testing.T) {
	root := t.TempDir()
	files := map[string][]byte{
		"/small.txt": []byte("small\n"),
		"/large.bin": bytes.Repeat([]byte("large"), 1<<21),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("baselines", func(t *testing.T) {
		each(t, withFiles, func(t *testing.T, b baseline) {
			r := run(t, b.name, "-root", root)
			for name, want := range files {
				for range 2 { // the second time from a cache, if there is one
					resp, err := http.Get("http://" + r.addr + name)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err != nil || resp.StatusCode != 200 || !bytes.Equal(got, want) {
						t.Errorf("%s: %s, %d bytes: %v; want %d", name, resp.Status, len(got), err, len(want))
					}
				}
			}
			page(t, ask(t, r.addr, get), "ok\n")
		})
	})
}

func TestNginxHasAsManyWorkersAsItsNameSays(t *testing.T) {
	each(t, func(b baseline) bool { return b.workers > 0 }, func(t *testing.T, b baseline) {
		r := run(t, b.name)
		eventually(t, fmt.Sprintf("%s has %d children", b.name, b.workers), func() bool {
			return len(r.children(t)) == b.workers
		})
	})
}
