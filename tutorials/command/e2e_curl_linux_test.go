package command

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// curl runs curl and returns its output.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(need(t, "curl"), append([]string{"-sS", "--max-time", "20"}, args...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("curl %q: %v: %s", args, err, &errs)
	}
	return string(out)
}

func TestCurlStatus(t *testing.T) {
	need(t, "curl")
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20+1), 0o644); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, url string) {
		for _, c := range []struct {
			about string
			args  []string // the last one is a path
			want  string   // status, and the header fields Allow and Upgrade
		}{
			{"a page", []string{"/"}, "200||"},
			{"a page, requested in HTTP/1.0", []string{"-0", "/"}, "200||"},
			{"a path with escapes", []string{"/%69ndex.html"}, "200||"},
			{"options", []string{"-X", "OPTIONS", "/"}, "204|GET, HEAD, OPTIONS|"},
			{"options of the server", []string{"-X", "OPTIONS", "--request-target", "*", "/"},
				"204|GET, HEAD, POST, OPTIONS|"},
			{"a header without its end", []string{"-H", "X: " + strings.Repeat("x", 20000), "/"}, "431||"},
			{"a target that is too long", []string{"/" + strings.Repeat("x", 20000)}, "414||"},
			{"no Host", []string{"-H", "Host:", "/"}, "400||"},
			{"another Host", []string{"-H", "Host: evil.example", "/"}, "403||"},
			{"no such page", []string{"/nothing/there"}, "404||"},
			{"a path out of the root", []string{"--path-as-is", "/../../../etc/passwd"}, "404||"},
			{"an escaped path out of the root", []string{"--path-as-is", "/..%2f..%2fetc/passwd"}, "400||"},
			{"a method that is not for pages", []string{"-d", "x", "/"}, "405|GET, HEAD, OPTIONS|"},
			{"an unknown method", []string{"-X", "BREW", "/"}, "501||"},
			{"an unknown expectation", []string{"-H", "Expect: tea", "/"}, "417||"},
			{"the echo, requested like a page", []string{"/echo"}, "426||websocket"},
			{"a body that is too large", []string{"--data-binary", "@" + large, "/echo"}, "413||"},
			{"the same in chunks",
				[]string{"-H", "Transfer-Encoding: chunked", "--data-binary", "@" + large, "/echo"}, "413||"},
			{"an unknown transfer coding",
				[]string{"-H", "Transfer-Encoding: tea, chunked", "-d", "x", "/echo"}, "501||"},
			{"a coding that hides the end of the body",
				[]string{"-H", "Transfer-Encoding: tea", "-H", "Content-Length:", "-d", "x", "/echo"}, "400||"},
			{"a POST from a page of another origin",
				[]string{"-H", "Origin: http://evil.example", "-d", "x", "/echo"}, "403||"},
		} {
			last := len(c.args) - 1
			args := append(c.args[:last:last], "-o", os.DevNull,
				"-w", "%{http_code}|%header{allow}|%header{upgrade}", url+c.args[last])
			if got := curl(t, args...); got != c.want {
				t.Errorf("%s gives %s, want %s", c.about, got, c.want)
			}
		}
	})
}

func TestCurlKeepsAlive(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		got := curl(t, "-o", os.DevNull, "-o", os.DevNull, "-o", os.DevNull,
			"-w", `%{http_code} connects %{num_connects}\n`, url+"/", url+"/nothing", url+"/front.css")
		if d := cmp.Diff("200 connects 1\n404 connects 0\n200 connects 0\n", got); d != "" {
			t.Errorf("three requests must use one connection (-want +got):\n%s", d)
		}
		got = curl(t, "-H", "Connection: close", "-o", os.DevNull, "-o", os.DevNull,
			"-w", `%{http_code} connects %{num_connects}\n`, url+"/", url+"/")
		if d := cmp.Diff("200 connects 1\n200 connects 1\n", got); d != "" {
			t.Errorf("with Connection: close each request must have its own (-want +got):\n%s", d)
		}
	})
}

func TestCurlHead(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for _, path := range []string{"/", "/front.css", "/_/echo", "/_/echo.js", "/healthz", "/nothing"} {
			fields := curl(t, "-I", url+path)
			whole := curl(t, "-i", url+path)
			head, body, _ := strings.Cut(whole, "\r\n\r\n")
			if d := cmp.Diff(noDate(head+"\r\n\r\n"), noDate(fields)); d != "" {
				t.Errorf("HEAD %s must have the header fields of GET (-GET +HEAD):\n%s", path, d)
			}
			if body == "" {
				t.Errorf("GET %s has no body", path)
			}
		}
	})
}

// noDate removes the Date field, which changes every second.
func noDate(head string) string {
	i := strings.Index(head, "Date: ")
	if i < 0 {
		return head
	}
	return head[:i] + head[i+strings.Index(head[i:], "\n")+1:]
}

func TestCurlPost(t *testing.T) {
	need(t, "curl")
	body := fill(900_000)
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, body, 0o644); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, url string) {
		for _, c := range []struct {
			about string
			args  []string
		}{
			{"with its length", nil},
			{"in chunks", []string{"-H", "Transfer-Encoding: chunked"}},
			{"after 100 Continue", []string{"-H", "Expect: 100-continue", "--expect100-timeout", "15"}},
			{"in HTTP/1.0", []string{"-0"}},
			{"from a page of another server", []string{"-H", "Origin: " + servers(t)["pollserv"]}},
		} {
			got := curl(t, append(c.args, "--data-binary", "@"+file, url+"/echo")...)
			if got != string(body) {
				t.Errorf("a body sent %s comes back as %d bytes %.20q, want %d", c.about, len(got), got, len(body))
			}
		}
	})
}

func TestCurlEtag(t *testing.T) {
	need(t, "curl")
	etag := filepath.Join(t.TempDir(), "etag")
	each(t, func(t *testing.T, url string) {
		for _, path := range []string{"/front.css", "/_/style.css"} {
			curl(t, "--etag-save", etag, "-o", os.DevNull, url+path)
			got := curl(t, "--etag-compare", etag, "-w", "%{http_code}", url+path)
			if got != "304" {
				t.Errorf("%s requested with its own ETag gives %.20q, want 304 without content", path, got)
			}
		}
	})
}
