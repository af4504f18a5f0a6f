package server

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"threeloops/common/app"
	"threeloops/common/sys"
)

// Lists are the allow lists.
type Lists = app.Lists

// Lists returns the allow lists. They are replaced as a whole when they are read
// again, so if the pointer is the same, so are the lists.
func (env *Env) Lists() *Lists { return env.lists.Load() }

// readLists reads the files of both lists. If either file is invalid, both old lists stay in force.
func (env *Env) readLists() (err error) {
	l := new(app.Lists)
	if l.Hosts, err = readList("-hosts", env.HostsFile); err != nil {
		return err
	}
	if l.Origins, err = readList("-origins", env.OriginsFile); err != nil {
		return err
	}
	env.lists.Store(l)
	return nil
}

// reloadAtHangup reads the lists again at SIGHUP.
func (env *Env) reloadAtHangup() {
	if env.HostsFile == "" && env.OriginsFile == "" {
		return // a hang-up then ends the server, as it does any program
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, sys.SIGHUP)
	go func() {
		for range signals {
			if err := env.readLists(); err != nil {
				env.Log.Error("the lists stay as they are", "error", err)
				continue
			}
			env.Log.Info("the lists were read again",
				"hosts", len(env.Lists().Hosts), "origins", len(env.Lists().Origins))
		}
	}()
}

// The descriptors under which a Child finds what the server that started it has
// opened or read: the allow lists, whose files may have changed, and may be bad,
// since; and the directory of -root, which may be gone.
const (
	HostsFD   = 6
	OriginsFD = 7
	RootFD    = 8
)

// inherit makes the options those of a Child.
func (o *Options) inherit() {
	if o.HostsFile != "" {
		o.HostsFile = fmt.Sprintf("/proc/self/fd/%d", HostsFD)
	}
	if o.OriginsFile != "" {
		o.OriginsFile = fmt.Sprintf("/proc/self/fd/%d", OriginsFD)
	}
}

// WriteList returns a list in the form in which it is read.
func WriteList(list []string) []byte {
	return []byte(strconv.Itoa(len(list)) + "\n" + strings.Join(list, "\n") + "\n")
}

// readList reads an allow list: the number of entries on the first line, then
// one entry a line, which is checked and brought into the form that clients
// send. Blank lines at the end are ignored. An empty path is no list at all: nil.
func readList(flag, path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n\t "), "\n")
	count, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || count < 0 {
		return nil, fmt.Errorf("%s: %s:1: %q is not the number of entries that follow", flag, path, lines[0])
	}
	check := hostEntry
	if flag == "-origins" {
		check = originEntry
	}
	list := []string{} // not nil: a list of nobody is a list
	for i, l := range lines[1:] {
		l = strings.TrimSpace(l)
		if l == "" || strings.ContainsAny(l, " \t") {
			return nil, fmt.Errorf("%s: %s:%d: %q is not one entry", flag, path, i+2, l)
		}
		entry, err := check(l)
		if err != nil {
			return nil, fmt.Errorf("%s: %s:%d: %q can match nothing: %w", flag, path, i+2, l, err)
		}
		list = append(list, entry)
	}
	if len(list) != count {
		return nil, fmt.Errorf("%s: %s:1: says %d entries, but %d follow", flag, path, count, len(list))
	}
	return list, nil
}
