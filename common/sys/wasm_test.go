//go:build linux && !sim

package sys

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mostWasm is how many bytes a server for the browser may have, compressed.
const mostWasm = 2_200_000

// The three servers run in a JavaScript engine, each with a simulated client.
func TestTheServersRunInJavaScript(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, the servers aren't built for JavaScript")
	}
	dependOnSources(t)
	node := nodeOrSkip(t)
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	wasmExec := filepath.Join(strings.TrimSpace(string(goroot)), "lib/wasm/wasm_exec.js")
	for _, server := range []string{"forkserv", "pollserv", "epollserv"} {
		t.Run(server, func(t *testing.T) {
			file := buildWasm(t, server)
			cmd := exec.Command(node, "testdata/client.js", wasmExec, file, server)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("node: %v\n%s%s", err, out, &stderr)
			}
			checkPlayed(t, out)
		})
	}
}

func nodeOrSkip(t *testing.T) string {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("THREELOOPS_REQUIRE") == "all" {
			t.Fatalf("%v, and THREELOOPS_REQUIRE=all", err)
		}
		t.Skip("without node, the servers for the browser aren't run: install nodejs")
	}
	return node
}

// buildWasm builds a server, and checks its compressed size.
func buildWasm(t *testing.T, server string) string {
	file := filepath.Join(t.TempDir(), server+".wasm")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-trimpath", "-o", file, "threeloops/"+server)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	program, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	var size countingWriter
	z, _ := gzip.NewWriterLevel(&size, gzip.BestCompression)
	if _, err := io.Copy(z, program); err != nil {
		t.Fatal(err)
	}
	z.Close()
	t.Logf("%s.wasm has %d bytes, compressed", server, size)
	if size > mostWasm {
		t.Errorf("%s.wasm has %d bytes, compressed, want at most %d", server, size, mostWasm)
	}
	return file
}

type countingWriter int

func (n *countingWriter) Write(p []byte) (int, error) {
	*n += countingWriter(len(p))
	return len(p), nil
}

// checkPlayed checks what testdata/client.js has printed.
func checkPlayed(t *testing.T, out []byte) {
	var got struct {
		Calls, Events int
		Line, Ended   bool
		Status        int
		Out, Err      string
		Panics        []any
		Clients       []struct {
			Name, Got, End string
		}
		Nanoseconds float64
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	t.Logf("%d system calls, %.0f a second without a trace", got.Calls, float64(got.Calls)/got.Nanoseconds*1e9)
	if !got.Ended || got.Status != 0 || len(got.Panics) > 0 || got.Events < 5000 || !got.Line {
		t.Errorf("got %.1000s", out)
	}
	if a := got.Clients[0].Got; strings.Count(a, "HTTP/1.1 200 OK\r\n") != 1001 {
		t.Errorf("client A got %d responses, want 1001: %.200q", strings.Count(a, "HTTP/1.1 200 OK\r\n"), a)
	}
	// The handshake's answer is the example of RFC 6455 1.3. Then come the message, and the Close
	// frame of the shutdown (1001).
	b := got.Clients[1].Got
	if !strings.Contains(b, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") ||
		!strings.Contains(b, "\r\n\r\n\u0081\x02hi\u0088") { // a character for each byte
		t.Errorf("client B got %q, %s", b, got.Clients[1].End)
	}
}
