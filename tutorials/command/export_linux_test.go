package command

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/chromedp/chromedp"
)

// below is the path below which the tests' hosts have the site.
const below = "courses/how servers wait"

// hosts are programs that only send files. Each serves the folder top at an address.
var hosts = map[string]func(t *testing.T, top, addr string) *exec.Cmd{
	"nginx": func(t *testing.T, top, addr string) *exec.Cmd {
		nginx := need(t, "nginx")
		dir := t.TempDir()
		conf := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConfig, dir, addr, top), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command(nginx, "-e", "stderr", "-p", dir, "-c", conf)
	},
	"python": func(t *testing.T, top, addr string) *exec.Cmd {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		return exec.Command(need(t, "python3"), "-m", "http.server", port, "--bind", host, "-d", top)
	},
}

// nginxConfig gives nginx one process, which ends with its parent's signal, and the types that its own
// mime.types has.
const nginxConfig = `
daemon off;
master_process off;
pid %[1]s/pid;
events {}
http {
	access_log off;
	default_type application/octet-stream;
	types {
		text/html html; text/css css; application/javascript js; image/svg+xml svg; application/json json;
	}
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; root "%[3]s"; }
}
`

// hosted starts a host of the folder top, and returns the address of the site, which ends with a slash.
func hosted(t *testing.T, name, top string) string {
	t.Helper()
	addrs, err := freeAddrs(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	cmd := hosts[name](t, top, addrs[0])
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%.2000s", name, &said)
		}
	})
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addrs[0])
		if err == nil {
			conn.Close()
			return "http://" + addrs[0] + "/" + strings.ReplaceAll(below, " ", "%20") + "/"
		}
		if time.Now().After(end) {
			t.Fatalf("%s doesn't listen: %v", name, err)
		}
	}
}

// Any host can have the whole site, below any path.
func TestExport(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	top := t.TempDir()
	site := filepath.Join(top, filepath.FromSlash(below))
	if _, err := exportTo(t.Context(), t.TempDir(), site); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil { // nginx's process may be another user's
		t.Fatal(err)
	}
	for name := range hosts {
		t.Run(name, func(t *testing.T) {
			url := hosted(t, name, top)
			c := crawl(t, url)
			if c.pages < 400 || c.links < 10000 {
				t.Errorf("the crawler found %d pages and %d links only", c.pages, c.links)
			}
			c.reachedAll(site)
			checkCompressed(t, url+"lab/epollserv.wasm.gz")
			t.Run("in a browser", func(t *testing.T) { readsTheCopy(t, url) })
			t.Run("the laboratory", func(t *testing.T) {
				b := &labTab{browse(t), strings.TrimSuffix(url, "/")}
				for _, server := range models {
					labEverywhere(b, server)
				}
			})
		})
	}
}

// readsTheCopy reads pages of the copy in a browser. No script may fail on them, and no request.
func readsTheCopy(t *testing.T, url string) {
	b := browse(t)
	b.do(Navigate(url))
	b.holds("the front page says what it is", text("p.lead")+`.includes("copy of the course without its three servers")`)
	b.holds("the style sheets are there", `getComputedStyle(document.querySelector(".card")).borderTopStyle === "solid"`)
	b.do(Click(CSS("a.go-on")))
	b.holds("the first chapter says why nothing can run", text(".experiment .state")+`.includes("without its coach")`)
	b.do(Click(CSS("form.predict input")))
	b.holds("the page keeps an answer", text("form.predict .said")+` !== ""`)
	b.do(Click(CSS("#finished")))
	b.holds("it keeps that the chapter is finished", `localStorage.getItem("threeloops").includes("finished")`)
	b.do(Reload())
	b.holds("it still has the answer", `document.querySelector("form.predict input").checked &&
		document.querySelector("#finished").checked`)
	b.do(Click(CSS(`nav[aria-label="Site"] a:nth-child(2)`)))
	b.holds("the list of chapters has a tick", `[...document.querySelectorAll(".course .tick")].some((t) => t.textContent === "✓")`)
	b.do(Click(CSS(`nav[aria-label="Site"] a:nth-child(6)`)))
	b.holds("the echo page says that it does nothing", text("h1 + .card")+`.includes("does nothing here")`)
	b.do(Click(CSS("h1 + .card a")))
	b.holds("the page about the copy is there", text("h1")+` === "About this copy"`)
	b.holds("the browser can open a program", `(window.opened ??= (async () => {
		const reply = await fetch("lab/pollserv.wasm.gz");
		const stream = reply.body.pipeThrough(new DecompressionStream("gzip"));
		await WebAssembly.compile(await new Response(stream).arrayBuffer());
		window.compiled = true;
	})(), window.compiled === true)`)
	b.do(Navigate(url + "codec.html"))
	b.holds("the codec runs", codecLoaded)
}

func TestExportKeepsOut(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(full+"/notes.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"export", 2, "say where the site is to be written: go run ./tutorials export -o DIR"},
		{"export " + full, 2, "export takes only flags"},
		{"export -o " + full, 1, full + " is not empty, and no file in it may be overwritten: choose another directory"},
		{"export -o " + full + "/notes.txt", 1, "notes.txt is not a directory: choose another name"},
		{"export -o site", 1, "lies inside the repository: choose a directory outside of it"},
	} {
		status, out := runIn(t, "../..", strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(out, c.want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: status %d, want %d and %q in one line:\n%s", c.args, status, c.status, c.want, out)
		}
	}
}

func TestAnInterruptedExportLeavesNothing(t *testing.T) {
	top := t.TempDir()
	cmd := self("export", "-o", filepath.Join(top, "site"))
	dir, err := pagesDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, append(withLab(t), pagesEnv+"="+dir, "TMPDIR="+top)...)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 200)); err != nil {
		t.Error(err)
	}
	time.Sleep(200 * time.Millisecond) // at any time
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("the command ended with %v", err)
	}
	if left, _ := os.ReadDir(top); len(left) > 0 {
		t.Errorf("these files are left: %v", left)
	}
}

var client = &http.Client{Timeout: time.Minute}
