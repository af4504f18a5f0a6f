package command

import (
	"net/http"
	"os"
	"path/filepath"

	"threeloops/tutorials/site/export"
)

// staticSite writes a copy of the site into a temporary directory, on a system where the servers don't
// run. done removes the directory.
func staticSite() (site string, done func(), err error) {
	dir, done, err := workDir()
	if err != nil {
		return "", nil, err
	}
	if site, err = writeCopy(dir); err != nil {
		done()
		return "", nil, err
	}
	return site, done, nil
}

// writeCopy writes the site and a copy of it into dir, and returns the copy's folder.
func writeCopy(dir string) (copied string, err error) {
	if err := writeSite(dir, chapterAddrs()); err != nil {
		return "", err
	}
	from, err := sourceIn(dir)
	if err != nil {
		return "", err
	}
	copied = filepath.Join(dir, "copy")
	if err := os.Mkdir(copied, 0o755); err != nil {
		return "", err
	}
	_, err = export.Write(copied, from)
	return copied, err
}

// sourceIn returns what a copy is made of, if writeSite has written the site into dir.
func sourceIn(dir string) (from export.Source, err error) {
	root, err := repository()
	return export.Source{Site: filepath.Join(dir, "site"), Own: filepath.Join(root, "common", "app", "site")}, err
}

// staticHandler serves a copy of the site with net/http.
func staticHandler(site string) http.Handler { return http.FileServer(http.Dir(site)) }
