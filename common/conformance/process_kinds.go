package conformance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// kindProcesses are tests of what a user or a foreign client does that nothing forbids.
func kindProcesses(target Target) []process {
	return []process{
		{"an entry of a list that can match nothing is refused", target.refusesEntries},
	}
}

// refusesEntries starts a server with bad entries, and then puts one into the list of a
// server that runs.
func (target Target) refusesEntries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list")
	write := func(text string) { must(t, os.WriteFile(file, []byte(text), 0o600)) }
	for flag, entry := range map[string]string{"-hosts": "example.com:8080", "-origins": "https://example.com/"} {
		write("1\n" + entry + "\n")
		target.complains(prepare(t, nil, []string{"-addr=127.0.0.1:0", flag + "=" + file}), 2, flag+": .*list:2: .*write ")
	}
	const friend = "http://friend.example"
	write("1\n" + friend + ":80\n")
	p := Launch(t, "-origins="+file)
	must(t, p.posts(friend, 200))
	write("2\n" + friend + "\nhttp://*.example\n")
	p.Signal(syscall.SIGHUP)
	eventually(t, func() error {
		if !strings.Contains(p.Log(), file+":3: ") {
			return errors.New("want a line that names the bad entry's line")
		}
		return nil
	})
	must(t, p.posts(friend, 200))
}
