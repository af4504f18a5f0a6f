package command

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"os"
	"path/filepath"
	"strings"

	"threeloops/tutorials/site/front"
	"threeloops/tutorials/site/pages"
)

// writePages writes the pages of the chapters and of the source. Tests that start many launchers
// replace it, because it takes longer than everything else at a launcher's start.
var writePages = pages.Write

// writeSite writes into dir what the servers at addrs need: the directory site, and the file
// origins, which lets a page from one server open a WebSocket to another. The site has a front page
// that links to all servers, and servers.json, which tells /_/isolation where they are.
func writeSite(dir string, addrs []string) error {
	root := filepath.Join(dir, "site")
	if err := os.CopyFS(root, front.Files); err != nil {
		return err
	}
	code, err := repository()
	if err != nil {
		return err
	}
	warn := func(err error) { fmt.Fprintf(os.Stderr, "tutorials: the chapters have errors:\n%v\n", err) }
	if err := writePages(root, code, addrs, warn); err != nil {
		return err
	}
	urls := make(map[string]string)
	for i, name := range models {
		urls[name] = "http://" + addrs[i]
	}
	if err := writeFront(filepath.Join(root, "index.html"), urls); err != nil {
		return err
	}
	text, err := json.Marshal(urls)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "servers.json"), text, 0o644); err != nil {
		return err
	}
	if err := announceLab(root); err != nil {
		return err
	}
	return writeOrigins(dir, addrs)
}

// writeOrigins writes the file origins for servers at addrs.
func writeOrigins(dir string, addrs []string) error {
	list := origins(addrs)
	text := fmt.Sprintf("%d\n%s\n", len(list), strings.Join(list, "\n"))
	return os.WriteFile(filepath.Join(dir, "origins"), []byte(text), 0o644)
}

// writeFront executes the front page's template at path, in its place. urls maps names of servers
// to their addresses.
func writeFront(path string, urls map[string]string) error {
	page, err := template.ParseFS(front.Files, "index.html")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := page.Option("missingkey=error").Execute(f, urls); err != nil {
		return err
	}
	return f.Close()
}

// origins lists the origins that a browser may use for the servers at addrs.
func origins(addrs []string) []string {
	var list []string
	for _, a := range addrs {
		_, port, _ := net.SplitHostPort(a)
		list = append(list, "http://127.0.0.1:"+port, "http://localhost:"+port)
	}
	return list
}
