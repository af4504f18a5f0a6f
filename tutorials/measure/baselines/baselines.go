package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
)

// baseline is a server to compare ours with.
type baseline struct {
	name    string
	kind    string        // websocket, http or both
	model   string        // goroutines, epoll, poll, fork or fork+exec
	page    string        // path of its page; empty if it has none
	files   bool          // whether it serves the files below a root
	canned  bool          // whether it sends ready-made echoes
	workers int           // processes that share the connections; 0 for other models
	version func() string // nil if the version can't be found out
	missing func() error  // returns why it can't run here
	serve   func(b baseline, ln *net.TCPListener, o options) error
}

// options are the options for all baselines. A baseline ignores the sizes that it doesn't need.
type options struct {
	root        string // a directory; may be empty
	message     int    // bytes of a message
	page        int    // bytes of the page
	deferAccept bool
}

// baselines holds all baselines in the order of the table: the floor comes first.
var baselines = []baseline{
	floor("floor-epoll", "epoll"),
	deferring(floor("floor-epoll-defer", "epoll")),
	floor("floor-poll", "poll"),
	floor("floor-fork", "fork+exec"),
	{name: "floor-fork-go", kind: "websocket", model: "fork+exec", canned: true,
		missing: programs["floor-fork-go"].missing, serve: runProgram},
	{name: "wslay", kind: "websocket", model: "fork", missing: wslay.missing, serve: runProgram},
	library("gws", "github.com/lxzan/gws", gwsEcho),
	library("gorilla", "github.com/gorilla/websocket", gorillaEcho),
	library("coder", "github.com/coder/websocket", coderEcho),
	library("gobwas", "github.com/gobwas/ws", gobwasEcho),
	{name: "fasthttp", kind: "both", model: "goroutines", page: "/hello", files: true,
		version: module("github.com/valyala/fasthttp"), missing: never, serve: serveFast},
	{name: "net-http", kind: "http", model: "goroutines", page: "/hello", files: true,
		version: goVersion, missing: never, serve: servePages},
	nginx("nginx", 1),
	nginx("nginx-2", 2),
}

func nginx(name string, workers int) baseline {
	return baseline{name: name, kind: "http", model: "epoll", page: "/hello", files: true, workers: workers,
		version: nginxVersion, missing: nginxMissing, serve: runNginx}
}

func floor(name, model string) baseline {
	b := baseline{name: name, kind: "both", model: model, page: "/hello", canned: true, serve: runProgram}
	b.missing = programs[name].missing
	return b
}

// deferring makes a baseline of its own that always has -defer-accept.
func deferring(b baseline) baseline {
	b.serve = func(b baseline, ln *net.TCPListener, o options) error {
		o.deferAccept = true
		return runProgram(b, ln, o)
	}
	return b
}

func never() error { return nil }

// can returns an error that says what in o the baseline can't do.
func (b baseline) can(o options) error {
	if o.deferAccept && !b.canned {
		return errors.New("has no -defer-accept")
	}
	if o.root == "" {
		return b.missing()
	}
	if !b.files {
		return errors.New("serves no files: leave out -root")
	}
	if info, err := os.Stat(o.root); err != nil || !info.IsDir() {
		return fmt.Errorf("can't serve %s: it isn't a readable directory", o.root)
	}
	return b.missing()
}

// listen opens the listener of a baseline. All get the same one, so that their backlogs are the
// same. Go's default would be a listener for MPTCP, which makes TCP clients more expensive.
func listen(addr string) (*net.TCPListener, error) {
	var c net.ListenConfig
	c.SetMultipathTCP(false)
	ln, err := c.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	return ln.(*net.TCPListener), nil
}

// ready prints that clients can connect. The kernel completes their connections as soon as listen
// has returned.
func ready(b baseline, ln *net.TCPListener) { fmt.Println(readyLine(b, ln)) }

func readyLine(b baseline, ln *net.TCPListener) string {
	return fmt.Sprintf("%s: listening on http://%s (pid %d)", b.name, ln.Addr(), os.Getpid())
}

// endAtTerm makes SIGTERM end this process with status 0.
func endAtTerm() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		os.Exit(0)
	}()
}

// become replaces this process by another program. args returns its command line for the listener's
// descriptor.
func become(ln *net.TCPListener, args func(fd int) (path string, argv, env []string)) error {
	raw, err := ln.SyscallConn()
	if err != nil {
		return err
	}
	var fd int
	var failed error
	// dup(2) doesn't copy FD_CLOEXEC, and keeps O_NONBLOCK.
	if err := raw.Control(func(own uintptr) { fd, failed = syscall.Dup(int(own)) }); err != nil {
		return err
	}
	if failed != nil {
		return os.NewSyscallError("dup", failed)
	}
	// Go has raised the soft limit for itself. It restores the limit before an exec, unless the
	// program has set it.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	path, argv, env := args(fd)
	return fmt.Errorf("%s: %w", path, syscall.Exec(path, argv, append(os.Environ(), env...)))
}

// cache makes the directory in which compiled programs are kept between runs.
func cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("can't find a directory for compiled programs: %w", err)
	}
	dir = filepath.Join(dir, "threeloops-baselines")
	return dir, os.MkdirAll(dir, 0o700)
}

// module returns a function that returns the version of a module in this program.
func module(path string) func() string {
	return func() string {
		info, _ := debug.ReadBuildInfo()
		for i := 0; info != nil && i < len(info.Deps); i++ {
			if info.Deps[i].Path == path {
				return info.Deps[i].Version
			}
		}
		return ""
	}
}
