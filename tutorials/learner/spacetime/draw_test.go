package spacetime

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/tester"
)

// second is the time from which the tests count: 1000 s after 1970, as in the texts of the tests.
func second(s float64) time.Time { return time.Unix(0, int64(s*1e9)).Add(1000 * time.Second) }

// port is the address of a client.
func port(n uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), n) }

// did is an act of the client at port n that took no time.
func did(n uint16, at float64, v tester.Verb, text string, err error) tester.Act {
	a := tester.Act{Verb: v, Began: second(at), Ended: second(at), Bytes: []byte(text), Err: err}
	if n > 0 {
		a.Client = port(n)
	}
	return a
}

func logOf(acts ...tester.Act) *Log {
	l := &Log{}
	for _, a := range acts {
		l.Add(a)
	}
	return l
}

func records(t *testing.T, text string) []strace.Record {
	t.Helper()
	r := strace.NewReader(strings.NewReader(text))
	all, err := r.All()
	if err != nil || r.Unread() > 0 {
		t.Fatalf("%d lines can't be read (error: %v)", r.Unread(), err)
	}
	return all
}

// lines writes a diagram as text: a line for each event and for each call that waits.
func lines(d *Diagram) string {
	var b strings.Builder
	for _, e := range d.Events {
		what := e.Action
		if e.Call != "" {
			what = fmt.Sprintf("%s(%s) = %s", e.Call, e.Args, result(e))
		}
		fmt.Fprintf(&b, "%v %s: %s", time.Duration(e.Time), d.LaneName(e.Lane), what)
		if e.File > 0 && e.File < 500_000 {
			fmt.Fprintf(&b, " on %d", e.File)
		}
		if e.NewFile > 0 {
			fmt.Fprintf(&b, " new %d", e.NewFile)
		}
		if e.Slept {
			fmt.Fprintf(&b, " since %v", time.Duration(e.Began))
		}
		if e.Failed != "" {
			fmt.Fprintf(&b, " FAILED: %s", e.Failed)
		}
		b.WriteByte('\n')
	}
	for _, w := range d.Waits {
		fmt.Fprintf(&b, "%s waits in %s(%s)\n", d.LaneName(w.Lane), w.Call, w.Args)
	}
	return b.String()
}

func expect(t *testing.T, d *Diagram, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(lines(d))); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

const conn = "TCP:[127.0.0.1:80->127.0.0.1:5001]"

// The client's read ends before strace notices that the server's write has returned. The write comes first
// anyway. What happens after the judgement isn't drawn.
func TestAWriteComesBeforeTheReadOfItsBytes(t *testing.T) {
	l := logOf(did(5001, 1, tester.Connect, "", nil), did(5001, 2, tester.Write, "half", nil),
		did(5001, 4.5, tester.Read, "half", nil), did(0, 4.55, tester.Judge, "", nil), did(5001, 6, tester.Close, "", nil))
	d := Draw(l, [][]strace.Record{records(t, `
7 1000.100000 execve("./server", ["./server"], 0x1 /* 9 vars */) = 0
7 1000.200000 openat(3, "/lib/x.so", O_RDONLY) = 3</lib/x.so>
7 1000.300000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<TCP:[99]>
7 1000.400000 bind(3<TCP:[99]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 1000.500000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1000.600000 accept4(3<TCP:[127.0.0.1:80]>, {sa_family=AF_INET}, [16], 0) = 4<`+conn+`> <0.500000>
7 1001.200000 recvfrom(4<`+conn+`>, "half", 100, 0, NULL, NULL) = 4 <0.900000>
7 1003.000000 sendto(4<`+conn+`>, "", 0, 0, NULL, 0) = 0 <0.500000>
7 1004.000000 sendto(4<`+conn+`>, "half", 4, MSG_NOSIGNAL, NULL, 0) = 4 <0.700000>
7 1004.800000 recvfrom(4<`+conn+`>, "", 100, 0, NULL, NULL) = 0 <1.300000>
7 1006.200000 exit_group(0) = ?
7 1006.300000 +++ exited with 0 +++
`)}, &tester.Symptom{Sent: "half", Expected: "nothing", Came: "half"}, Longest)
	expect(t, d, `
0s server: execve(["./server"]) = 0
0s server: bind(3, 127.0.0.1:80) = 0
0s server: listen(3, 9) = 0
500ms client 1: connect(from port 5001) = 0 on 1
600ms server: accept4(3) = 4 new 2 since 100ms
1.5s client 1: write("half") = 4 on 1
1.6s server: recvfrom(4, "half", 100) = 4 on 2 since 700ms
2.5s server: sendto(4, "", 0) = 0 on 2
3s server: sendto(4, "", 0 (the same call returns)) = 0 since 2.5s
3.5s server: sendto(4, "half", 4, MSG_NOSIGNAL) = 4 on 2
4s client 1: read("half") = 4 on 1 FAILED: half
4.05s kernel: the check fails FAILED: half
server waits in sendto(4, "half", 4, MSG_NOSIGNAL)
`)
	if d.Pairs[1] != 2 || d.Pairs[2] != 1 || d.LeftOut != 2 {
		t.Errorf("the pairs are %v; %d calls are left out, want 2", d.Pairs, d.LeftOut)
	}
}

// splice(2) moves bytes between a socket and a pipe. The event is that of the socket, and the arrows of the
// bytes lead to the call and away from it.
func TestSpliceCarriesBytes(t *testing.T) {
	l := logOf(did(5001, 1, tester.Connect, "", nil), did(5001, 2, tester.Write, "half", nil),
		did(5001, 4, tester.Read, "half", nil), did(0, 5, tester.Judge, "", nil))
	d := Draw(l, [][]strace.Record{records(t, `
7 1000.500000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1000.600000 accept4(3<TCP:[127.0.0.1:80]>, {sa_family=AF_INET}, [16], 0) = 4<`+conn+`> <0.500000>
7 1002.200000 splice(4<`+conn+`>, NULL, 6<pipe:[77]>, NULL, 65536, SPLICE_F_MOVE) = 4 <0.000010>
7 1003.000000 splice(5<pipe:[77]>, NULL, 4<`+conn+`>, NULL, 4, SPLICE_F_MOVE) = 4 <0.000010>
`)}, nil, Longest)
	var got []string
	for i := range d.Events {
		if e := &d.Events[i]; e.Call == "splice" {
			got = append(got, fmt.Sprintf("on %d, sends %v, %d bytes, isRead %v", e.File, e.Sends, e.n, e.isRead()))
		}
	}
	if diff := cmp.Diff([]string{"on 2, sends false, 4 bytes, isRead true", "on 2, sends true, 4 bytes, isRead false"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A child runs before its parent's clone returns. It inherits the descriptors. After a reset strace can't
// tell the addresses of a socket any more.
func TestAChildServesItsParentsConnection(t *testing.T) {
	l := logOf(did(5001, 1, tester.Connect, "", nil), did(5001, 2, tester.Reset, "", nil), did(0, 5, tester.Judge, "", nil))
	d := Draw(l, [][]strace.Record{records(t, `
7 1000.500000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1001.100000 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, 0) = 4<`+conn+`> <0.000010>
7 1001.200000 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
8 1001.300000 close(3<TCP:[127.0.0.1:80]>) = 0
7 1001.400000 <... clone resumed>, child_tidptr=0x1) = 8
7 1001.500000 close(4<`+conn+`>) = 0
8 1002.500000 recvfrom(4<TCP:[1234]>, 0x7f, 100, 0, NULL, NULL) = -1 ECONNRESET (Connection reset by peer)
8 1002.600000 exit_group(1) = ?
8 1002.700000 +++ exited with 1 +++
7 1002.800000 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8, si_uid=0, si_status=1} ---
7 1002.900000 wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 1}], WNOHANG, NULL) = 8
7 1003.000000 wait4(-1, 0x7ffe, WNOHANG, NULL) = -1 ECHILD (No child processes)
7 1003.100000 pause( <unfinished ...>
`)}, nil, Longest)
	expect(t, d, `
0s server: listen(3, 9) = 0
500ms client 1: connect(from port 5001) = 0 on 1
600ms server: accept4(3) = 4 new 2
700ms server: clone() = 8
800ms child 1: close(3) = 0
1s server: close(4) = 0 on 2
1.5s client 1: close(RST) = 0 on 1
2s child 1: recvfrom(4, 100) = ECONNRESET on 2
2.1s child 1: exit_group(1) = never returned
2.2s child 1: ends with status 1
2.3s server: gets SIGCHLD
2.4s server: wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 1}]) = 8
2.5s server: wait4(-1) = ECHILD
server waits in pause()
`)
}

func TestEpollAndPollNameTheReadyDescriptors(t *testing.T) {
	d := Draw(logOf(), [][]strace.Record{records(t, `
7 1000.000000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1000.100000 epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 3<TCP:[127.0.0.1:80]>, {events=EPOLLIN|EPOLLET, data={u32=1, u64=77777}}) = 0
7 1000.200000 epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=1, u64=77777}}, {events=EPOLLHUP, data={u32=2, u64=2}}], 64, -1) = 2
7 1000.300000 poll([{fd=3<TCP:[127.0.0.1:80]>, events=POLLIN}, {fd=-1}], 2, 50) = 1 ([{fd=3, revents=POLLIN}])
7 1000.350000 ppoll([{fd=3<TCP:[127.0.0.1:80]>, events=POLLIN}], 1, {tv_sec=2, tv_nsec=500000000}, NULL, 8) = 0 (Timeout)
7 1000.400000 epoll_wait(5<anon_inode:[eventpoll]>,  <unfinished ...>
`)}, nil, Longest)
	expect(t, d, `
0s server: listen(3, 9) = 0
100ms server: epoll_ctl(5, ADD, 3, EPOLLIN|EPOLLET) = 0
200ms server: epoll_wait(5, [3 EPOLLIN, ? EPOLLHUP], -1) = 2
300ms server: poll([3 POLLIN, -1 ], 50 → [3 POLLIN]) = 1
350ms server: ppoll([3 POLLIN], 2.5s) = 0
server waits in epoll_wait(5)
`)
}

// A shell starts other programs before it becomes the server. The runtime of Go starts threads, and looks
// whether the kernel supports what it needs.
func TestWhatComesBeforeListenIsLeftOut(t *testing.T) {
	d := Draw(logOf(), [][]strace.Record{records(t, `
7 1000.000000 execve("/bin/sh", ["sh", "server.sh"], 0x1) = 0
7 1000.100000 clone(child_stack=NULL, flags=SIGCHLD) = 8
8 1000.200000 write(1</out>, "hello", 5) = 5
8 1000.300000 +++ exited with 0 +++
7 1000.400000 --- SIGCHLD {si_signo=SIGCHLD} ---
7 1000.500000 execve("/bin/server", ["server"], 0x1) = 0
7 1000.600000 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD, tls=0x2) = 9
7 1000.700000 bind(5<TCPv6:[1]>, {sa_family=AF_INET6, sin6_port=htons(0)}, 28) = 0
9 1000.800000 bind(5<TCPv6:[1]>, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = 0
9 1000.900000 listen(5<TCPv6:[[::1]:80]>, 9) = 0
9 1001.000000 write(2</out>, "ready\n", 6) = 6
9 1001.100000 read(6</proc/meminfo>, "x", 6) = 1
9 1001.200000 fcntl(5<TCPv6:[[::1]:80]>, F_GETFL) = 0x2 (flags O_RDWR)
9 1001.300000 --- SIGURG {si_signo=SIGURG} ---
9 1001.400000 +++ exited with 0 +++
`)}, nil, Longest)
	expect(t, d, `
0s server: execve(["server"]) = 0
0s server: bind(5, [::1]:80) = 0
0s server: listen(5, 9) = 0
100ms server: write(2, "ready\n", 6) = 6
`)
}

func TestAServerThatCannotStartAgainIsDrawn(t *testing.T) {
	l := logOf(did(0, 2, tester.Kill, "", nil), did(0, 9, tester.Judge, "", nil))
	second := records(t, `
9 1003.000000 execve("./server", ["./server"], 0x1) = 0
9 1003.100000 bind(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EADDRINUSE (Address in use)
9 1003.200000 write(2</log>, "address in use\n", 15) = 15
9 1003.300000 exit_group(1) = ?
9 1003.400000 +++ exited with 1 +++
`)
	first := records(t, `
7 1000.000000 listen(3<TCP:[127.0.0.1:80]>, 9) = 0
7 1000.100000 accept4(3<TCP:[127.0.0.1:80]>,  <unfinished ...>
`)
	d := Draw(l, [][]strace.Record{second, first}, nil, Longest)
	expect(t, d, `
0s server 1: listen(3, 9) = 0
100ms server 1: accept4(3) = never returned
2s kernel: the tester ends the server: SIGKILL
3s server 2: execve(["./server"]) = 0
3.1s server 2: bind(3, 127.0.0.1:80) = EADDRINUSE
3.2s server 2: write(2, "address in use\n", 15) = 15
3.3s server 2: exit_group(1) = never returned
3.4s server 2: ends with status 1
`)
}

func TestTheSymptomIsMarkedWhereAClientSawIt(t *testing.T) {
	late := fmt.Errorf("read: %w", os.ErrDeadlineExceeded)
	for _, c := range []struct {
		about, came string
		acts        []tester.Act
		want        int
	}{
		{"a wait in vain, before the client leaves", "no further byte", []tester.Act{
			did(5001, 1, tester.Write, "a", nil), did(5001, 2.99, tester.Read, "", late), did(5001, 2.995, tester.Close, "", nil),
		}, 1},
		{"an end", "the end of the connection (FIN) without an answer", []tester.Act{did(5001, 2.99, tester.Read, "", io.EOF)}, 0},
		{"an end that the check expected", "address already in use", []tester.Act{did(5001, 2.99, tester.Read, "", io.EOF)}, -1},
		{"something that the tester saw in /proc", "30 zombies", []tester.Act{did(5001, 1, tester.Read, "a", nil)}, -1},
		{"a refused connection", "connection refused", []tester.Act{did(0, 2.99, tester.Connect, "", errors.New("refused"))}, 0},
	} {
		l := logOf(append(c.acts, did(0, 3, tester.Judge, "", nil))...)
		if got := l.fault(&tester.Symptom{Came: c.came}); got != c.want {
			t.Errorf("%s: act %d is marked, want %d", c.about, got, c.want)
		}
	}
}

func TestALargeTransferIsOneAct(t *testing.T) {
	l := &Log{}
	big := strings.Repeat("x", 4096)
	l.Add(did(5001, 1, tester.Read, big, nil))
	l.Add(did(5001, 1.001, tester.Read, big, nil))
	l.Add(did(5002, 1.001, tester.Read, big, nil))
	l.Add(did(5001, 1.0015, tester.Read, big, nil))
	l.Add(did(5001, 1.5, tester.Read, big, nil)) // after a pause
	l.Add(did(5001, 1.5, tester.Read, "end", nil))
	var got []int
	for _, a := range l.acts {
		got = append(got, a.n)
	}
	if diff := cmp.Diff([]int{3 * 4096, 4096, 4096, 3}, got); diff != "" {
		t.Errorf("sizes of the acts: want (-), got (+):\n%s", diff)
	}
}
