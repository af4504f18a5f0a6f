//go:build !linux

package command

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
)

// serve shows what can be read without the servers, because they don't run here.
func serve(args []string) error {
	if err := parse(newFlags("serve", ""), args); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "tutorials: %v; what can be read follows\n", notHere())
	ctx, stop := untilSignal()
	defer stop()
	return serveStatic(ctx.Done())
}

func runChapter([]string) error     { return notHere() }
func loadCommand([]string) error    { return notHere() }
func compareCommand([]string) error { return notHere() }
func verifyChapters([]string) error { return notHere() }

// worker has nothing to do: only Linux has workers of the load, and the yardstick.
func worker() {}

func notHere() error {
	how := "a virtual machine (limactl start), or a development container of your editor"
	if runtime.GOOS == "windows" {
		how = "WSL 2 (wsl --install)"
	}
	return fmt.Errorf("the servers need Linux (epoll, openat2), and this is %s: run the same command in %s",
		runtime.GOOS, how)
}

// serveStatic serves the site until stop is closed.
func serveStatic(stop <-chan struct{}) error {
	fmt.Fprintln(os.Stderr, "writing the site; the first time this compiles the standard library and says nothing ...")
	dir, done, err := staticSite()
	if err != nil {
		return err
	}
	defer done()
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(chapterBase)))
	if err != nil {
		return err
	}
	fmt.Printf("The chapters and the source are at http://%s/chapters/; what asks a server doesn't work. Ctrl-C ends this.\n",
		ln.Addr())
	s := &http.Server{Handler: staticHandler(dir)}
	go func() {
		<-stop
		s.Close()
	}()
	if err := s.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}
