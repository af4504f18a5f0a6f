//go:build sim

package conn

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"threeloops/common/session"
	"threeloops/common/sim"
)

// body is a body without visible repetition.
func body(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	return b
}

// got checks that the client has received a response with this body, and how its stream has ended.
func (w *simWorld) got(what any, want []byte, end string) {
	w.t.Helper()
	_, text, _ := bytes.Cut(w.peer.Got, []byte("\r\n\r\n"))
	if !bytes.Equal(text, want) || w.peer.End != end {
		w.t.Errorf("%v: got a body of %d bytes, or wrong ones, and end %q; want %d bytes and %q", what, len(text), w.peer.End, len(want), end)
	}
}

// later are the errnos after which the next iterations try again. ends are others that the manual
// pages list, and some that a sandbox may return: each ends the connection.
var (
	later = []sim.Errno{sim.EAGAIN, sim.ENOMEM, sim.ENOBUFS}
	ends  = []sim.Errno{sim.ECONNRESET, sim.EPIPE, sim.ETIMEDOUT, sim.EHOSTUNREACH, sim.ENETUNREACH, sim.ENETDOWN, sim.EIO,
		sim.EBADF, sim.EFAULT, sim.ENOTCONN, sim.EMSGSIZE, sim.EACCES, sim.EPERM}
)

func TestWhatEachErrnoOfReadDoesToAConnection(t *testing.T) {
	for _, e := range slices.Concat([]sim.Errno{sim.EINTR}, later, ends) {
		simulate(t, func(m *machine) {
			app := reply(session.Response{Status: 200, Body: []byte("answer")})
			w := m.connect(app)
			w.peer.Send([]byte(get))
			m.fails("read", e, 1)
			w.ReadOnce(w.now)
			over := slices.Contains(ends, e)
			if m.failed[e] != 1 || (w.Want() == 0) != over || (app.asked == 1) != (e == sim.EINTR) {
				t.Errorf("read fails with %v: Want is %d after %d requests and %d failures", e, w.Want(), app.asked, m.failed[e])
			}
			if e == sim.EINTR || over {
				w.finish()
			} else {
				w.ReadOnce(w.now)
				w.finish()
			}
			if over {
				w.got(e, nil, "ECONNRESET") // its request is unread
			} else {
				w.got(e, []byte("answer"), "")
			}
		})
	}
}

func TestWhatEachErrnoOfSendDoesToAConnection(t *testing.T) {
	for call, r := range map[string]session.Response{
		"sendto":  {Status: 200, Body: []byte("answer")},
		"sendmsg": {Status: 200, Body: body(100_000), Shared: true},
	} {
		for _, e := range slices.Concat([]sim.Errno{sim.EINTR}, later, ends) {
			simulate(t, func(m *machine) {
				w := m.connect(reply(r))
				w.peer.Send([]byte(get))
				m.fails(call, e, 2)
				w.ReadOnce(w.now)
				w.Flush(w.now)
				over := slices.Contains(ends, e)
				if m.failed[e] == 0 || (w.Want() == 0) != over || (w.Want()&session.Write != 0) != slices.Contains(later, e) {
					t.Errorf("%s fails with %v: Want is %d after %d failures", call, e, w.Want(), m.failed[e])
				}
				w.finish()
				if want := r.Body; over {
					w.got(e, nil, sim.FIN)
				} else {
					w.got(e, want, "")
				}
			})
		}
	}
}

// Some file systems refuse sendfile(2), and so do sandboxes.
func TestWhatEachErrnoOfSendfileDoesToAConnection(t *testing.T) {
	text := body(1 << 20)
	refused := []sim.Errno{sim.EINVAL, sim.ENOSYS, sim.EOPNOTSUPP, sim.ESPIPE, sim.EPERM, sim.EACCES}
	fatal := slices.DeleteFunc(slices.Clone(ends), func(e sim.Errno) bool { return slices.Contains(refused, e) })
	for _, e := range slices.Concat([]sim.Errno{sim.EINTR}, later, refused, fatal) {
		simulate(t, func(m *machine) {
			w := m.connect(reply(session.Response{Status: 200, File: m.file(text), Len: int64(len(text))}))
			w.peer.Send([]byte(get))
			times := 1
			if slices.Contains(refused, e) {
				times = -1
			}
			m.fails("sendfile", e, times)
			w.ReadOnce(w.now)
			w.Flush(w.now)
			over := slices.Contains(fatal, e)
			if m.failed[e] == 0 || (w.Want() == 0) != over || !over && w.Want()&session.Write == 0 {
				t.Errorf("sendfile fails with %v: Want is %d after %d failures", e, w.Want(), m.failed[e])
			}
			w.finish()
			if over {
				w.got(e, nil, "ECONNRESET") // a FIN would tell the client that it has the whole file
			} else {
				w.got(e, text, "")
			}
		})
	}
}

// Without sendfile(2), the error of the file itself comes from the read.
func TestAFileThatCannotBeReadEndsInAReset(t *testing.T) {
	simulate(t, func(m *machine) {
		text := body(1 << 20)
		w := m.connect(reply(session.Response{Status: 200, File: m.file(text), Len: int64(len(text))}))
		w.peer.Send([]byte(get))
		m.fails("sendfile", sim.EINVAL, -1)
		m.Inject(sim.Fault{Call: "pread64", Errno: sim.EINTR, Times: 3})
		m.Inject(sim.Fault{Call: "pread64", Errno: sim.EIO, Skip: 2, Times: -1})
		w.ReadOnce(w.now)
		w.finish()
		if w.peer.End != "ECONNRESET" || m.failed[sim.EIO] != 1 || m.failed[sim.EINTR] != 3 {
			t.Errorf("the client's stream has ended with %q after %d failures, want a reset", w.peer.End, m.failed[sim.EIO])
		}
		if _, got, _ := bytes.Cut(w.peer.Got, []byte("\r\n\r\n")); !bytes.HasPrefix(text, got) {
			t.Error("the client got other bytes than those of the file")
		}
	})
}

func TestResolve(t *testing.T) {
	simulate(t, func(m *machine) {
		check := func(when string, want map[string]string) {
			t.Helper()
			for host, want := range want {
				if ip, err := Resolve(host); err != nil || ip.String() != want {
					t.Errorf("%s, %s: want %s, got %v, %v", when, host, want, ip, err)
				}
			}
		}
		addresses := map[string]string{
			"localhost": "127.0.0.1", "10.1.2.3": "10.1.2.3", "::ffff:10.1.2.3": "10.1.2.3", "fe80::1%lo": "fe80::1%lo",
		}
		check("without /etc/hosts", addresses)
		m.Mkdir("/etc")
		m.WriteFile("/etc/hosts", []byte("# 10.0.0.9 ann\n::1 ann six\n10.0.0.1\tAnn bob # eve\n10.0.0.2 ann\nnonsense cat\n"+
			"::1 dog\n::ffff:10.0.0.3 dog\n"))
		check("with /etc/hosts", addresses)
		check("with /etc/hosts", map[string]string{"ann": "10.0.0.1", "BOB": "10.0.0.1", "six": "::1", "dog": "10.0.0.3"})
		if ip, err := Resolve(""); err != nil || ip != (netip.Addr{}) {
			t.Errorf("an empty host: want no address, got %v, %v", ip, err)
		}
		for _, host := range []string{"eve", "cat", "10.0.0.1", "1.2.3"} {
			if ip, err := Resolve(host); err == nil && ip.String() != host || err != nil && !strings.Contains(err.Error(), host) {
				t.Errorf("%s: want the address itself, or an error that names the host; got %v, %v", host, ip, err)
			}
		}
		m.WriteFile("/etc/hosts", []byte("10.0.0.5 localhost\n"))
		check("a file that has localhost", map[string]string{"localhost": "10.0.0.5"})
		m.Forbid("/etc/hosts")
		check("a file that can't be read", addresses)
	})
}
