package simulation

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"threeloops/common/sim"
)

const (
	rootPath = "/files"
	// recheck is how long after it was replaced a root may still be served.
	recheck = time.Second
)

// changes rewrites files below the root while clients read them, or replaces the root. A file keeps its
// size when it is rewritten: the server takes a longer one for one to which something was appended.
func (g *generator) changes() {
	for i := range 1 + g.IntN(2) {
		t, text := g.moment(), strings.Repeat(string(rune('A'+i)), 1+g.IntN(9))
		if g.chance(50) {
			g.at(t, "the directory %s is replaced", rootPath)
			g.at(t, "the file %s/small becomes %q", rootPath, text)
		} else if g.chance(50) {
			g.at(t, "the file %s/small becomes %d bytes of %q", rootPath, len(smallText), text)
		}
		g.at(t, "the file %s/large becomes %d bytes of %q", rootPath, largeSize, text)
	}
}

// hostsPath is the file of hosts(5).
const hostsPath = "/etc/hosts"

// hosts gives the server's address a name, which leads to another address later. The server still has its
// first one, which only this machine reaches, so it goes on checking the Host field of requests.
func (g *generator) hosts() {
	g.line("flags -addr=here:8080")
	g.at(0, "the file %s becomes %q", hostsPath, "127.0.0.1 here\n")
	if g.chance(80) {
		g.at(g.moment(), "the file %s becomes %q", hostsPath, "192.0.2.1 here\n")
	}
}

// version is what a file was for some time.
type version struct {
	data  []byte
	until time.Duration // 0: to the end
}

// versionsOf are the versions of the file that a client calls by a path.
func (r *run) versionsOf(path string) []version {
	all := []version{{data: r.files[path]}}
	for _, a := range r.machine {
		replaced := a.verb == sim.ReplacesDirectory && a.path == rootPath
		if !replaced && (a.verb != sim.WritesFile || a.path != rootPath+path) {
			continue
		}
		all[len(all)-1].until = a.at
		if !replaced {
			all = append(all, version{data: a.data})
		}
	}
	return all
}

// filesChange reports whether files below the root change.
func (r *run) filesChange() bool {
	return slices.ContainsFunc(r.s.Actions, func(a sim.Action) bool { return strings.HasPrefix(a.Path, rootPath) })
}

// moved reports whether the name of the server's address may lead to another address.
func (r *run) moved() bool {
	return slices.ContainsFunc(r.machine, func(a step) bool { return a.path == hostsPath })
}

// currentVersions are the contents of a file that a response may have, if its request was sent at a time.
// The server may have opened the file much later.
func (r *run) currentVersions(path string, sentAt time.Duration) (all [][]byte) {
	for _, v := range r.versionsOf(path) {
		if v.until == 0 || v.until+recheck >= sentAt {
			all = append(all, v.data)
		}
	}
	return all
}

// sentAt is when the client has sent the first n bytes.
func (st *stream) sentAt(n int) time.Duration {
	for _, a := range st.steps {
		if n -= len(a.data); n <= 0 {
			return a.at
		}
	}
	return st.steps[len(st.steps)-1].at
}

// asksForFiles reports whether the client asks for a file, or for what may be one.
func (st *stream) asksForFiles() bool {
	sent := st.sent()
	return slices.ContainsFunc([]string{"/small", "/large"}, func(path string) bool { return bytes.Contains(sent, []byte(path)) })
}
