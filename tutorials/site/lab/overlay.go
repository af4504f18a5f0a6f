package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The programs for the browser observe each connection, in a statement behind the one that makes the
// connection. Both stand in one line, so all line numbers are those of the source that the site shows.
const (
	observedFile = "common/conn/conn.go"
	unobserved   = "\tc.Init(cfg, id, now, func() { wake(c) })\n"
	observed     = "\tc.Init(cfg, id, now, func() { wake(c) }); sys.ObserveConn(fd, c)\n"
)

// observe returns the text of observedFile with the statement that observes a connection.
func observe(text string) (string, error) {
	if n := strings.Count(text, unobserved); n != 1 {
		return "", fmt.Errorf("%s must contain the line %q once, and contains it %d times: mend package lab",
			observedFile, strings.TrimSpace(unobserved), n)
	}
	return strings.Replace(text, unobserved, observed, 1), nil
}

// overlay writes into the folder temp a file for go build's flag -overlay, and returns its name.
func overlay(root, temp string) (string, error) {
	file, err := filepath.Abs(filepath.Join(root, observedFile))
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	changed, err := observe(string(text))
	if err != nil {
		return "", err
	}
	copied := filepath.Join(temp, "conn.go")
	if err := os.WriteFile(copied, []byte(changed), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{file: copied}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(temp, "overlay.json")
	return name, os.WriteFile(name, list, 0o600)
}
