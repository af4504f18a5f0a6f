package server

import (
	"fmt"
	"strconv"
	"strings"

	"threeloops/common/app"
	"threeloops/common/sys"
)

// Lists are the allow lists of hosts and origins.
type Lists = app.Lists

// Lists returns the allow lists. When they are read again, they are replaced as a whole, and never
// changed. So the same pointer means the same lists.
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

// reloadAtHangup reads the lists again at each SIGHUP.
func (env *Env) reloadAtHangup() {
	if env.HostsFile == "" && env.OriginsFile == "" {
		return // then SIGHUP ends the server, as it ends most programs
	}
	signals := sys.Notify(sys.SIGHUP)
	sys.Go(func() {
		for {
			signals.Wait(sys.Forever)
			if err := env.readLists(); err != nil {
				env.Log.Error("the lists were not read again: the old ones stay in force", "error", err)
				continue
			}
			env.Log.Info("the lists were read again",
				"hosts", len(env.Lists().Hosts), "origins", len(env.Lists().Origins))
		}
	})
}

// The descriptors under which a Child finds what the server that started it has opened: the allow
// lists, as the server has read them, and the directory of -root. The files and the directory that
// the command line names may have changed since, or may be gone.
const (
	HostsFD   = 6
	OriginsFD = 7
	RootFD    = 8
)

// inherit makes a Child read the lists from the descriptors that it was given.
func (o *Options) inherit() {
	if o.HostsFile != "" {
		o.HostsFile = fmt.Sprintf("/proc/self/fd/%d", HostsFD)
	}
	if o.OriginsFile != "" {
		o.OriginsFile = fmt.Sprintf("/proc/self/fd/%d", OriginsFD)
	}
}

// WriteList returns list as the text of a file that readList can read.
func WriteList(list []string) []byte {
	return []byte(strconv.Itoa(len(list)) + "\n" + strings.Join(list, "\n") + "\n")
}

// readList reads an allow list. The first line of the file is the number of entries, and each
// further line is one entry. readList checks the entries, and returns them in the form in which
// clients send them. It ignores blank lines at the end. Without a path it returns nil: there is no
// list.
func readList(flag, path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := sys.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n\t "), "\n")
	count, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || count < 0 {
		return nil, fmt.Errorf("%s: %s:1: %q is not the number of entries that follow, one a line", flag, path, lines[0])
	}
	check := hostEntry
	if flag == "-origins" {
		check = originEntry
	}
	list := []string{} // not nil: an empty list allows nothing, and nil is no list
	for i, l := range lines[1:] {
		l = strings.TrimSpace(l)
		if l == "" || strings.ContainsAny(l, " \t") {
			return nil, fmt.Errorf("%s: %s:%d: %q is not one entry: write one entry on each line", flag, path, i+2, l)
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
