package command

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// siteAlone writes the site into a temporary directory, for a system on which the servers don't run. done removes
// the directory.
func siteAlone() (dir string, done func(), err error) {
	dir, done, err = workDir()
	if err != nil {
		return "", nil, err
	}
	var addrs []string
	for i := range models {
		addrs = append(addrs, net.JoinHostPort("127.0.0.1", strconv.Itoa(chapterBase+i)))
	}
	if err := writeSite(dir, addrs); err != nil {
		done()
		return "", nil, err
	}
	// Pages look for the coach there; without an address they say that it doesn't run.
	if err := os.WriteFile(filepath.Join(dir, "site", "coach.json"), []byte(`{"url":""}`), 0o644); err != nil {
		done()
		return "", nil, err
	}
	return dir, done, nil
}

// alone serves the site in dir by net/http, with the styles that it shares with the servers' own pages.
func alone(dir string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "site"))))
	if root, err := repository(); err == nil {
		shared := http.FileServer(http.Dir(filepath.Join(root, "common", "app", "site")))
		mux.Handle("/_/", http.StripPrefix("/_", shared))
	}
	return mux
}

// serveAlone serves the site until stop is closed.
func serveAlone(stop <-chan struct{}) error {
	fmt.Fprintln(os.Stderr, "writing the site; the first time this compiles the standard library and says nothing ...")
	dir, done, err := siteAlone()
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
	s := &http.Server{Handler: alone(dir)}
	go func() {
		<-stop
		s.Close()
	}()
	if err := s.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}
