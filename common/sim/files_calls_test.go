package sim_test

import (
	"strconv"
	"strings"
	"time"

	"threeloops/common/sim"
)

// filesPreparations has what the kernel's caller does.
func filesPreparations(name string) func(m filesMachine, a filesArgs) {
	return map[string]func(m filesMachine, a filesArgs){
		"file":     func(m filesMachine, a filesArgs) { m.WriteFile(a.at(0), []byte(a.at(1))) },
		"mkdir":    func(m filesMachine, a filesArgs) { m.Mkdir(a.at(0)) },
		"symlink":  func(m filesMachine, a filesArgs) { m.Symlink(a.at(0), a.at(1)) },
		"mkfifo":   func(m filesMachine, a filesArgs) { m.Mkfifo(a.at(0)) },
		"remove":   func(m filesMachine, a filesArgs) { m.Remove(a.at(0)) },
		"rename":   func(m filesMachine, a filesArgs) { m.Rename(a.at(0), a.at(1)) },
		"truncate": func(m filesMachine, a filesArgs) { m.Truncate(a.at(0), a.number(1)) },
		"forbid":   func(m filesMachine, a filesArgs) { m.Forbid(a.at(0)) },
		"chtimes": func(m filesMachine, a filesArgs) {
			m.Chtimes(a.at(0), time.Unix(a.number(1), a.number(2)))
		},
		"limit": func(m filesMachine, a filesArgs) { m.Limit(int(a.number(0))) },
		"chain": func(m filesMachine, a filesArgs) { // symbolic links 1, 2, … each to the one before
			m.WriteFile("0", nil)
			for i := range a.number(0) {
				m.Symlink(strconv.Itoa(int(i)), strconv.Itoa(int(i+1)))
			}
		},
		"tree": filesTree,
	}[name]
}

// filesTree makes the tree of the tests of package docroot.
func filesTree(m filesMachine, _ filesArgs) {
	m.Mkdir("root")
	m.Mkdir("root/dir")
	m.Mkdir("root/dir/sub")
	m.WriteFile("secret", []byte("secret"))
	m.WriteFile("root/file", []byte("text"))
	m.WriteFile("root/dir/sub/deep", []byte("deeper"))
	m.Mkfifo("root/pipe")
	for _, link := range [][2]string{
		{"dir/sub/deep", "inside"}, {"dir/../file", "updown"}, {"../secret", "out"}, {m.Base() + "/secret", "absolute"},
		{"loop", "loop"}, {"..", "outdir"}, {"nothing", "nowhere"}, {m.Base() + "/root/file", "own"},
		{"dir", "todir"}, {"dir/", "todirslash"}, {"file/", "fileslash"}, {"todir/sub", "twice"}, {"/", "top"},
	} {
		m.Symlink(link[0], "root/"+link[1])
	}
}

// filesOpens has the calls that return a descriptor.
func filesOpens(name string) func(m filesMachine, a filesArgs) (int, error) {
	flags := map[string]uint64{
		"PATH": sim.O_PATH, "DIRECTORY": sim.O_DIRECTORY, "CLOEXEC": sim.O_CLOEXEC,
		"NONBLOCK": sim.O_NONBLOCK, "NOCTTY": sim.O_NOCTTY, "flags": 1,
	}
	resolve := map[string]uint64{"BENEATH": sim.RESOLVE_BENEATH, "NOMAGIC": sim.RESOLVE_NO_MAGICLINKS, "resolve": 1}
	return map[string]func(m filesMachine, a filesArgs) (int, error){
		"open": func(m filesMachine, a filesArgs) (int, error) {
			return m.Open(a.at(0), int(a.flags(1, flags)), 0)
		},
		"openat2": func(m filesMachine, a filesArgs) (int, error) {
			how := sim.OpenHow{
				Flags: a.flags(2, flags), Resolve: a.flags(2, resolve), Mode: a.flags(2, map[string]uint64{"mode": 1}),
			}
			return m.Openat2(a.fd(0), a.at(1), &how)
		},
		"memfd": func(m filesMachine, a filesArgs) (int, error) {
			return m.MemfdCreate(a.at(0), int(a.flags(1, map[string]uint64{
				"CLOEXEC": sim.MFD_CLOEXEC, "SEALABLE": sim.MFD_ALLOW_SEALING,
			})))
		},
		"dup":     func(m filesMachine, a filesArgs) (int, error) { return m.Dup(a.fd(0)) },
		"eventfd": func(m filesMachine, a filesArgs) (int, error) { return m.Eventfd(0, sim.EFD_NONBLOCK) },
		"epoll":   func(m filesMachine, a filesArgs) (int, error) { return m.EpollCreate1(0) },
	}[name]
}

// filesCalls has the other calls, each with what its line shows.
func filesCalls(name string) func(m filesMachine, a filesArgs) string {
	if call := filesTransfers(name); call != nil {
		return call
	}
	return map[string]func(m filesMachine, a filesArgs) string{
		"stat": func(m filesMachine, a filesArgs) string {
			var st sim.Stat_t
			err := m.Stat(a.at(0), &st)
			return statResult(st, err)
		},
		"fstat": func(m filesMachine, a filesArgs) string {
			var st sim.Stat_t
			err := m.Fstat(a.fd(0), &st)
			return statResult(st, err)
		},
		"fstatat": func(m filesMachine, a filesArgs) string {
			var st sim.Stat_t
			err := m.Fstatat(a.fd(0), a.at(1), &st, sim.AT_NO_AUTOMOUNT)
			return statResult(st, err)
		},
		"permissions": func(m filesMachine, a filesArgs) string {
			var st sim.Stat_t
			err := m.Fstat(a.fd(0), &st)
			return result(strconv.FormatUint(uint64(st.Mode&0o777), 8), err)
		},
		"mtime": func(m filesMachine, a filesArgs) string {
			var st sim.Stat_t
			err := m.Fstat(a.fd(0), &st)
			return result(strconv.FormatInt(st.Mtim.Sec, 10)+"s "+strconv.FormatInt(st.Mtim.Nsec, 10)+"ns", err)
		},
		"same": func(m filesMachine, a filesArgs) string { // a descriptor's inode, and a path's
			var x, y sim.Stat_t
			if err := m.Fstat(a.fd(0), &x); err != nil {
				return outcomeName(err)
			}
			err := m.Stat(a.at(1), &y)
			return result(x.Ino == y.Ino && x.Dev == y.Dev, err)
		},
		"close":   func(m filesMachine, a filesArgs) string { return outcomeName(m.Close(a.fd(0))) },
		"cloexec": func(m filesMachine, a filesArgs) string { return result(m.ClosesOnExec(a.fd(0))) },
		"poll": func(m filesMachine, a filesArgs) string {
			fds := []sim.PollFd{{Fd: int32(a.fd(0)), Events: sim.POLLIN | sim.POLLOUT | sim.POLLPRI}}
			n, err := m.Poll(fds, 0)
			return result(strconv.Itoa(n)+" "+strconv.FormatInt(int64(fds[0].Revents), 16), err)
		},
		"watch": func(m filesMachine, a filesArgs) string {
			return outcomeName(m.EpollCtl(a.fd(0), sim.EPOLL_CTL_ADD, a.fd(1), &sim.EpollEvent{Events: sim.POLLIN}))
		},
		"ftruncate": func(m filesMachine, a filesArgs) string { return outcomeName(m.Ftruncate(a.fd(0), a.number(1))) },
		"seal": func(m filesMachine, a filesArgs) string {
			return outcomeName(m.AddSeals(a.fd(0), int(a.flags(1, map[string]uint64{
				"SEAL": sim.F_SEAL_SEAL, "SHRINK": sim.F_SEAL_SHRINK, "GROW": sim.F_SEAL_GROW, "WRITE": sim.F_SEAL_WRITE,
				"seals": 1,
			}))))
		},
		"mmap": func(m filesMachine, a filesArgs) string {
			var err error
			a.p.mapped, err = m.Mmap(a.fd(0), a.number(1), int(a.number(2)), sim.PROT_READ|sim.PROT_WRITE, sim.MAP_SHARED)
			return result(strconv.Itoa(len(a.p.mapped)), err)
		},
		"peek": func(m filesMachine, a filesArgs) string {
			return strconv.Quote(string(a.p.mapped[a.number(0):][:a.number(1)]))
		},
		"poke": func(m filesMachine, a filesArgs) string {
			return strconv.Itoa(copy(a.p.mapped[a.number(0):], a.at(1)))
		},
	}[name]
}

// filesTransfers has the calls that move bytes, and those of the page cache.
func filesTransfers(name string) func(m filesMachine, a filesArgs) string {
	return map[string]func(m filesMachine, a filesArgs) string{
		"read": func(m filesMachine, a filesArgs) string {
			p := make([]byte, a.number(1))
			n, err := m.Read(a.fd(0), p)
			return textResult(p, n, err)
		},
		"pread": func(m filesMachine, a filesArgs) string {
			p := make([]byte, a.number(1))
			n, err := m.Pread(a.fd(0), p, a.number(2))
			return textResult(p, n, err)
		},
		"drain": func(m filesMachine, a filesArgs) string { // reads until that would wait
			total := 0
			for {
				n, err := m.Read(a.fd(0), make([]byte, 64<<10))
				if err != nil || n == 0 {
					return strconv.Itoa(total)
				}
				total += n
			}
		},
		"write": func(m filesMachine, a filesArgs) string { return result(m.Write(a.fd(0), []byte(a.at(1)))) },
		"pwrite": func(m filesMachine, a filesArgs) string {
			return result(m.Pwrite(a.fd(0), []byte(a.at(1)), a.number(2)))
		},
		"fill": func(m filesMachine, a filesArgs) string { // writes until that would wait
			for {
				if _, err := m.Write(a.fd(0), make([]byte, 64<<10)); err != nil {
					return "until " + outcomeName(err)
				}
			}
		},
		"cachestat": func(m filesMachine, a filesArgs) string {
			return result(m.Cachestat(a.fd(0), a.number(1), a.number(2)))
		},
		"fadvise": func(m filesMachine, a filesArgs) string {
			return outcomeName(m.Fadvise(a.fd(0), a.number(1), a.number(2), sim.POSIX_FADV_WILLNEED))
		},
		"sendfile": func(m filesMachine, a filesArgs) string {
			if a.at(2) == "-" {
				return result(m.Sendfile(a.fd(0), a.fd(1), nil, int(a.number(3))))
			}
			off := a.number(2)
			n, err := m.Sendfile(a.fd(0), a.fd(1), &off, int(a.number(3)))
			return strings.TrimSpace(result(n, err) + " to " + strconv.FormatInt(off, 10))
		},
	}[name]
}

func textResult(p []byte, n int, err error) string {
	if err != nil {
		return outcomeName(err)
	}
	return strconv.Quote(string(p[:n]))
}
