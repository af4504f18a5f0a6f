//go:build !linux

package command

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// serve serves only the site, because the servers don't run on this system.
func serve(args []string) error {
	if err := parse(newFlags("serve", ""), args); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "tutorials: %v; here you can only read the site\n", notHere())
	ctx, stop := untilSignal()
	defer stop()
	return serveStatic(ctx)
}

func runChapter([]string) error     { return notHere() }
func loadCommand([]string) error    { return notHere() }
func compareCommand([]string) error { return notHere() }
func millionCommand([]string) error { return notHere() }
func verifyChapters([]string) error { return notHere() }

// worker does nothing: only Linux has the workers of the load and the yardstick.
func worker() {}

func notHere() error {
	how := "a virtual machine (limactl start), or a development container of your editor"
	if runtime.GOOS == "windows" {
		how = "WSL 2 (wsl --install)"
	}
	return fmt.Errorf("the servers need Linux (epoll, openat2), and this is %s: run the same command in %s",
		runtime.GOOS, how)
}

// serveStatic serves the site until ctx ends.
func serveStatic(ctx context.Context) error {
	fmt.Fprintln(os.Stderr, "writing the site; the first time this compiles the standard library, which can "+
		"take minutes ...")
	site, done, err := staticSite()
	if err != nil {
		return err
	}
	defer done()
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(chapterBase)))
	if err != nil {
		return err
	}
	fmt.Printf("The chapters and the source are at http://%s/chapters/. What needs a server or the coach doesn't work.\n"+
		"Press Ctrl-C to end this.\n",
		ln.Addr())
	defer startLab(ctx, site)()
	s := &http.Server{Handler: staticHandler(site)}
	context.AfterFunc(ctx, func() { s.Close() })
	if err := s.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}
