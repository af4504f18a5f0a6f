package command

import (
	"net/http"
	"os"
	"path/filepath"
)

// staticSite writes the site into a temporary directory, for a system on which the servers don't run. done removes
// the directory.
func staticSite() (dir string, done func(), err error) {
	dir, done, err = workDir()
	if err != nil {
		return "", nil, err
	}
	if err := writeSite(dir, chapterAddrs()); err != nil {
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

// staticHandler serves the site in dir by net/http, with the styles that it shares with the servers' own pages.
func staticHandler(dir string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "site"))))
	if root, err := repository(); err == nil {
		shared := http.FileServer(http.Dir(filepath.Join(root, "common", "app", "site")))
		mux.Handle("/_/", http.StripPrefix("/_", shared))
	}
	return mux
}
