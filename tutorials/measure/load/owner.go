package load

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Owner is the process that listens on an address.
type Owner struct {
	PID  int
	Name string // name of its program, as ps shows it
}

// FindOwner returns the process that listens on addr. If pid isn't 0, that process, its children or
// theirs must listen there; otherwise the error names the process that does.
func FindOwner(addr netip.AddrPort, pid int) (Owner, error) {
	listeners, err := sockets(listening, func(at netip.AddrPort) bool { return covers(at, addr) })
	if err != nil {
		return Owner{}, err
	}
	if len(listeners) == 0 {
		return Owner{}, fmt.Errorf("nobody listens on %s", addr)
	}
	holds := func(pid int) bool { return holdsAny(pid, listeners) }
	if pid != 0 && slices.ContainsFunc(Tree(pid), holds) {
		return Owner{pid, comm(pid)}, nil
	}
	all := processes()
	i := slices.IndexFunc(all, holds)
	switch {
	case i < 0 && pid != 0:
		return Owner{}, fmt.Errorf("%s does not belong to process %d", addr, pid)
	case i < 0:
		return Owner{}, fmt.Errorf("can't see which process listens on %s: is it another user's server?", addr)
	case pid != 0:
		return Owner{}, fmt.Errorf("%s does not belong to process %d: %s, process %d, listens there",
			addr, pid, comm(all[i]), all[i])
	}
	return Owner{all[i], comm(all[i])}, nil
}

// Tree returns the processes in the tree below pid that exist now, pid first.
func Tree(pid int) []int {
	parents := make(map[int][]int)
	for _, p := range processes() {
		if up := parent(p); up > 0 {
			parents[up] = append(parents[up], p)
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, parents[tree[i]]...)
	}
	return tree
}

// processes returns the ids of all processes.
func processes() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func comm(pid int) string {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(name))
}

func parent(pid int) int {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The fields are: pid (name) state parent. The name may contain blanks and parentheses.
	_, rest, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(fields[1])
	return n
}

// Connections returns how many established connections each of some processes has at addr, the
// address of a server's end.
func Connections(addr netip.AddrPort, pids []int) (counts []int, err error) {
	open, err := sockets(established, func(at netip.AddrPort) bool { return at == addr })
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		held := make(map[string]bool) // several threads may share a table
		for link := range openFiles(pid) {
			held[link] = true
		}
		n := 0
		for _, link := range open {
			if held[link] {
				n++
			}
		}
		counts = append(counts, n)
	}
	return counts, nil
}

// The states of sockets in /proc/net/tcp.
const (
	established = "01"
	listening   = "0A"
)

// sockets returns the sockets that are in a state and whose own address is wanted, as links like those
// in /proc/PID/fd.
func sockets(state string, wanted func(at netip.AddrPort) bool) (links []string, err error) {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != state {
				continue
			}
			if at, err := hexAddr(fields[1]); err == nil && wanted(at) {
				links = append(links, "socket:["+fields[9]+"]")
			}
		}
	}
	return links, nil
}

// covers reports whether a socket that listens at one address answers on another.
func covers(at, addr netip.AddrPort) bool {
	return at.Port() == addr.Port() && (at.Addr() == addr.Addr() || at.Addr().IsUnspecified())
}

// hexAddr parses an address of /proc/net/tcp, which consists of words in the machine's byte order.
func hexAddr(s string) (netip.AddrPort, error) {
	host, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, fmt.Errorf("can't parse the address %q", s)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	n, err := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil {
		return netip.AddrPort{}, fmt.Errorf("can't parse the address %q", s)
	}
	return netip.AddrPortFrom(ip, uint16(n)), nil
}

// holdsAny reports whether a process has one of these files open.
func holdsAny(pid int, links []string) bool {
	for link := range openFiles(pid) {
		if slices.Contains(links, link) {
			return true
		}
	}
	return false
}

// openFiles returns what the descriptors of a process refer to, in all its descriptor tables: a thread
// may have one of its own. What several threads share comes several times.
func openFiles(pid int) iter.Seq[string] {
	return func(yield func(link string) bool) {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/fd/*", pid))
		for _, fd := range fds {
			if link, err := os.Readlink(fd); err == nil && !yield(link) {
				return
			}
		}
	}
}
