// Command hijack lets pages of three origins open WebSockets to a server, and shows what the server sees.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	"threeloops/common/ws"
)

// page opens two WebSockets, one after the other, and reports what comes of them.
const page = `<!doctype html><title>A page</title><script>
const said = [];
function open(path) {
  const socket = new WebSocket("ws://%s" + path);
  socket.onmessage = (event) => { socket.onerror = null; next(event.data); };
  socket.onerror = () => next("refused");
}
function next(word) {
  said.push(word);
  if (said.length === 1) open("/checked");
  else location = "/said?" + said.join("&");
}
open("/unchecked");
</script>`

// handshake is what a server sees of a client.
type handshake struct{ origin, cookie string }

// site is a pair of servers: one has an account, and the other has a page of somebody else.
type site struct {
	target string         // address of the first
	seen   chan handshake // each handshake
	said   chan string    // what a page reports
	next   chan string    // the page that the browser opens after the report
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "hijack:", err)
		os.Exit(1)
	}
}

// run starts the servers, lets each client connect, and prints the table.
func run() error {
	own, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &site{own.Addr().String(), make(chan handshake, 9), make(chan string, 9), make(chan string, 9)}
	go http.Serve(own, s.handler())
	go http.Serve(other, s.handler())
	_, port, _ := net.SplitHostPort(other.Addr().String())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "who connects\tOrigin\tcookie\twithout a check\twith a check")
	err = s.browse([][2]string{{"the server's own page", "http://" + s.target + "/login"},
		{"a page of another port", "http://127.0.0.1:" + port}, {"a page of another site", "http://localhost:" + port}}, w)
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Print("There is no Chromium here, so only programs connect.\n\n")
	} else if err != nil {
		return err
	}
	for _, p := range [][]string{{"a program"}, {"a program that lies", "http://" + s.target}} {
		s.row(w, p[0], []string{s.dial("/unchecked", p[1:]), s.dial("/checked", p[1:])})
	}
	return w.Flush()
}

// handler serves the pages and the WebSockets of both servers.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, page, s.target)
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "user", Value: "alice", HttpOnly: true})
		http.Redirect(w, r, "/", http.StatusFound)
	})
	mux.HandleFunc("GET /said", func(w http.ResponseWriter, r *http.Request) {
		s.said <- r.URL.RawQuery
		http.Redirect(w, r, <-s.next, http.StatusFound)
	})
	mux.HandleFunc("GET /unchecked", s.open)
	mux.HandleFunc("GET /checked", func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		s.open(w, r)
	})
	return mux
}

// open opens a WebSocket, and greets the user whose cookie it gets.
func (s *site) open(w http.ResponseWriter, r *http.Request) {
	seen := handshake{r.Header.Get("Origin"), r.Header.Get("Cookie")}
	s.seen <- seen
	c, _, err := w.(http.Hijacker).Hijack() // net/http hands over the connection
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, []byte(r.Header.Get("Sec-WebSocket-Key"))))
	greeting := "opens"
	if user, ok := strings.CutPrefix(seen.cookie, "user="); ok {
		greeting = "opens for " + user
	}
	c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text}, []byte(greeting)))
}

// browse opens pages in Chromium, one after the other, and adds a row for each.
func (s *site) browse(pages [][2]string, w *tabwriter.Writer) error {
	dir, err := os.MkdirTemp("", "hijack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithTimeout(context.Background(), 18*time.Second)
	args := []string{"--headless", "--disable-gpu", "--no-first-run", "--user-data-dir=" + dir,
		"--disable-background-networking", "--remote-debugging-port=0", pages[0][1]}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium's sandbox refuses to work for root
	}
	name := "chromium"
	for _, other := range []string{"chromium-browser", "google-chrome"} {
		if _, err := exec.LookPath(name); err != nil {
			name = other
		}
	}
	browser := exec.CommandContext(ctx, name, args...)
	defer browser.Wait()
	defer stop()
	if err := browser.Start(); err != nil {
		return err
	}
	for i, p := range pages {
		select {
		case said := <-s.said:
			s.row(w, p[0], strings.Split(strings.ReplaceAll(said, "%20", " "), "&"))
		case <-ctx.Done():
			return errors.New("no WebSocket from Chromium within 18 seconds")
		}
		if i+1 < len(pages) {
			s.next <- pages[i+1][1]
		}
	}
	return nil
}

// row adds what the server has seen, and what the client says about both WebSockets.
func (s *site) row(w *tabwriter.Writer, who string, said []string) {
	seen := <-s.seen
	for len(s.seen) > 0 {
		<-s.seen
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", who, cmp.Or(seen.origin, "-"), cmp.Or(seen.cookie, "-"), strings.Join(said, "\t"))
}

// dial opens a WebSocket as a program does that chooses its Origin itself.
func (s *site) dial(path string, origin []string) (said string) {
	r, _ := http.NewRequest("GET", "http://"+s.target+path, nil)
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Origin": origin,
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return "refused"
	}
	return "opens"
}
