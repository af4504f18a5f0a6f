package compare

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/coder/websocket"
)

// yardstickEnv makes a program the yardstick.
const yardstickEnv = "THREELOOPS_YARDSTICK"

// NetHTTP returns the yardstick: what one writes in Go without thinking about loops. It is
// net/http, which has a goroutine for each connection, and coder/websocket.
func NetHTTP() Target {
	return Target{
		Name: "nethttp", Kind: "both", Model: "goroutines", Page: "/healthz", Files: true,
		command: []string{"/proc/self/exe"}, env: []string{yardstickEnv + "=1"},
	}
}

// Yardstick runs the yardstick, and ends the process, if this process was started as the yardstick.
// A program that measures [NetHTTP] must call it first.
func Yardstick() {
	if os.Getenv(yardstickEnv) == "" {
		return
	}
	fmt.Fprintf(os.Stderr, "nethttp: %v\n", yardstick(os.Args[1:]))
	os.Exit(1)
}

func yardstick(args []string) error {
	fs := flag.NewFlagSet("nethttp", flag.ExitOnError)
	addr := fs.String("addr", "127.0.0.1:0", "listen `address`")
	root := fs.String("root", "", "serve the files below this `directory`")
	fs.Parse(args)

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, os.Interrupt)
	go func() { <-ended; os.Exit(0) }()

	mux := http.NewServeMux()
	mux.HandleFunc("/echo", echoSocket)
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "ok\n")
	})
	if *root != "" {
		mux.Handle("/", http.FileServer(http.Dir(*root)))
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Printf("nethttp: listening on http://%s (pid %d)\n", ln.Addr(), os.Getpid())
	return http.Serve(ln, mux)
}

func echoSocket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	c.SetReadLimit(16 << 20)
	for {
		kind, p, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, p) != nil {
			return
		}
	}
}
