package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// config makes nginx as fast as it can be with small files: it keeps them open, and writes no log.
// It never closes a connection because of its age or its number of requests. nginx makes the
// directories, which stay empty. Several workers share one listener. Each waits for it with
// EPOLLEXCLUSIVE, because accept_mutex is off.
const config = `
daemon off;
worker_processes %[7]d;
%[5]s
pid %[1]s/nginx-%[6]d.pid;
error_log stderr warn;
events { worker_connections 20000; }
http {
	default_type application/octet-stream;
	types { text/html html; text/css css; text/javascript js; text/plain txt; image/svg+xml svg; }
	access_log off;
	sendfile on;
	tcp_nopush off;
	tcp_nodelay on;
	open_file_cache max=10000 inactive=1h;
	open_file_cache_valid 1h;
	keepalive_requests 1000000000;
	keepalive_timeout 1h;
	client_body_temp_path %[1]s/nginx-body;
	proxy_temp_path %[1]s/nginx-proxy;
	fastcgi_temp_path %[1]s/nginx-fastcgi;
	uwsgi_temp_path %[1]s/nginx-uwsgi;
	scgi_temp_path %[1]s/nginx-scgi;
	server {
		listen %[2]s;
		root %[3]s;
		location = /hello {
			default_type "text/plain; charset=utf-8";
			add_header Cache-Control no-store;
			return 200 %[4]s;
		}
	}
}
`

// longestPage is the length of a page that surely fits into the 4,096 bytes that nginx has for a
// parameter.
const longestPage = 3000

func nginxMissing() error {
	if _, err := exec.LookPath("nginx"); err != nil {
		return errors.New("no nginx: apt-get install nginx")
	}
	return nil
}

func nginxVersion() string {
	said, _ := exec.Command("nginx", "-v").CombinedOutput()
	_, version, _ := strings.Cut(strings.TrimSpace(string(said)), "nginx/")
	return version
}

// runNginx replaces this process by nginx. nginx gets the listener as it would get it from an older
// nginx that it replaces.
func runNginx(b baseline, ln *net.TCPListener, o options) error {
	if o.page > longestPage {
		return fmt.Errorf("nginx's page can have at most %d bytes: use a file below -root instead", longestPage)
	}
	path, err := exec.LookPath("nginx")
	if err != nil {
		return err
	}
	dir, err := cache()
	if err != nil {
		return err
	}
	root := o.root
	if root == "" {
		root = filepath.Join(dir, "empty")
		if err := os.MkdirAll(root, 0o700); err != nil {
			return err
		}
	}
	if root, err = filepath.Abs(root); err != nil {
		return err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;" // a worker of another user might not be able to read the root
	}
	text := fmt.Sprintf(config, dir, ln.Addr(), quoted(root), quoted(hello(o.page)), user, os.Getpid(), b.workers)
	conf, err := unnamed(dir, text)
	if err != nil {
		return err
	}
	return become(ln, func(fd int) (string, []string, []string) {
		ready(b, ln)
		return path, []string{"nginx", "-e", "stderr", "-p", dir, "-c", conf},
			[]string{fmt.Sprintf("NGINX=%d;", fd)}
	})
}

// unnamed makes a file that the kernel removes when no process has it open any more. It returns a
// path by which this process can open the file, also after an exec.
func unnamed(dir, text string) (string, error) {
	f, err := os.CreateTemp(dir, "nginx-*.conf")
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return "", err
	}
	if _, err := f.WriteString(text); err != nil {
		return "", err
	}
	fd, err := syscall.Dup(int(f.Fd()))
	return fmt.Sprintf("/proc/self/fd/%d", fd), os.NewSyscallError("dup", err)
}

// quoted quotes a string for nginx's configuration.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(s) + `"`
}
