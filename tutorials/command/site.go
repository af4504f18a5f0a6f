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

// writePages writes the pages of the chapters and of the source. It is replaced by tests that start many
// launchers, for it takes longer than all else at their start.
var writePages = pages.Write

// writeSite writes into dir what the servers at addrs are given: the directory
// site, with a front page that links to all of them and servers.json, by which
// /_/isolation finds them, and the file origins, which lets a page from one of
// them open a WebSocket to another.
func writeSite(dir string, addrs []string) error {
	root := filepath.Join(dir, "site")
	if err := os.CopyFS(root, front.Files); err != nil {
		return err
	}
	code, err := repository()
	if err != nil {
		return err
	}
	warn := func(err error) { fmt.Fprintf(os.Stderr, "tutorials: the chapters have faults:\n%v\n", err) }
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
	return writeOrigins(dir, addrs)
}

// writeOrigins writes the file origins, for servers at addrs.
func writeOrigins(dir string, addrs []string) error {
	list := origins(addrs)
	text := fmt.Sprintf("%d\n%s\n", len(list), strings.Join(list, "\n"))
	return os.WriteFile(filepath.Join(dir, "origins"), []byte(text), 0o644)
}

// writeFront writes the page over the template. urls are the servers' by name.
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

// origins lists what a browser may call the servers at addrs.
func origins(addrs []string) []string {
	var list []string
	for _, a := range addrs {
		_, port, _ := net.SplitHostPort(a)
		list = append(list, "http://127.0.0.1:"+port, "http://localhost:"+port)
	}
	return list
}
