package command

import (
	"net/http"
	"os"
	"path/filepath"
)

// staticSite writes the site into a temporary directory, on a system where the servers don't run.
// done removes the directory.
func staticSite() (dir string, done func(), err error) {
	dir, done, err = workDir()
	if err != nil {
		return "", nil, err
	}
	if err := writeSite(dir, chapterAddrs()); err != nil {
		done()
		return "", nil, err
	}
	// Pages look for the coach in this file. If it has no address, they say that the coach isn't
	// running.
	if err := os.WriteFile(filepath.Join(dir, "site", "coach.json"), []byte(`{"url":""}`), 0o644); err != nil {
		done()
		return "", nil, err
	}
	return dir, done, nil
}

// staticHandler serves the site in dir with net/http, with the style sheets of the servers' own
// pages, which the site uses too.
func staticHandler(dir string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "site"))))
	if root, err := repository(); err == nil {
		shared := http.FileServer(http.Dir(filepath.Join(root, "common", "app", "site")))
		mux.Handle("/_/", http.StripPrefix("/_", shared))
	}
	return mux
}
