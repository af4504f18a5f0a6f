package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestScenarioErrorsSayWhereAndWhat(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"sed 7", `1:1: want at, fault, seed, preempt, shuffle, buffers, files or flags, got "sed"`},
		{"\n  seed x", `2:8: want a number from 0 to 18446744073709551615, got "x"`},
		{"seed", `1:5: want a number from 0 to 18446744073709551615, and the line ends here`},
		{"seed 7 8", `1:8: want the end of the line, got "8"`},
		{"shuffle 1", `1:9: want the end of the line, got "1"`},
		{"flags # none", `1:7: want flags such as -max-conns=3, and the line ends here`},
		{"files 0", `1:7: want a number from 1 to 1048576, got "0"`},
		{"buffers 10", `1:11: want bytes, and the line ends here`},
		{"at 5 A connects", `1:4: want a time such as 5ms or 1.5s, at most 1000h, got "5"`},
		{"at -5s A connects", `1:4: want a time such as 5ms or 1.5s, at most 1000h, got "-5s"`},
		{"at 5ms a connects", `1:8: want a client such as A, or several such as A1..A10; got "a"`},
		{"at 5ms A5..A1 connect", `1:8: want a client such as A, or several such as A1..A10; got "A5..A1"`},
		{"at 5ms A1..B2 connect", `1:8: want a client such as A, or several such as A1..A10; got "A1..B2"`},
		{"at 5ms A dances", `1:10: want connects, sends, shuts down, closes, resets, stops reading or reads, got "dances"`},
		{"at 5ms A sends GET", `1:16: want a string such as "GET / HTTP/1.1\r\n", or a number of bytes up to 67108864`},
		{`at 5ms A sends "GET`, `1:16: the string has no end, or an escape that Go doesn't have`},
		{`at 5ms A sends "GET" now`, `1:22: want the end of the line, got "now"`},
		{"at 5ms A sends 5", `1:17: want bytes, and the line ends here`},
		{"at 5ms A reads on", `1:16: want a number of bytes, or the end of the line, got "on"`},
		{"at 5ms A reads 0 bytes", `1:16: want a number of bytes, or the end of the line, got "0"`},
		{"at 5ms A reads 5", `1:17: want bytes, and the line ends here`},
		{"at 5ms A stops", `1:15: want reading, and the line ends here`},
		{"at 5ms the machine burns", `1:20: want stalls, got "burns"`},
		{"at 5ms the clock jumps by 5", `1:27: want a time such as 5ms or 1.5s, at most 1000h, got "5"`},
		{"at 5ms the moon rises", `1:12: want machine, clock, limit, log, process, operator, file or directory, got "moon"`},
		{"at 5ms A connects to B", `1:19: want from, or the end of the line, got "to"`},
		{"at 5ms A connects from 10.0.0.1", `1:24: want an address such as 127.0.0.2, got "10.0.0.1"`},
		{"at 5ms A connects from ::1", `1:24: want an address such as 127.0.0.2, got "::1"`},
		{"at 5ms the operator sleeps", `1:21: want types, got "sleeps"`},
		{"at 5ms the operator types kick", `1:27: want a string such as "text"`},
		{`at 5ms the operator types "kick`, `1:27: the string has no end, or an escape that Go doesn't have`},
		{`at 5ms the file x becomes "a"`, `1:17: want a path such as /srv/index.html, got "x"`},
		{`at 5ms the file /a/../b becomes "a"`, `1:17: want a path such as /srv/index.html, got "/a/../b"`},
		{`at 5ms the file /proc/self/fd/1 becomes "a"`, `1:17: want a path such as /srv/index.html, got "/proc/self/fd/1"`},
		{`at 5ms the file /a is "a"`, `1:20: want becomes, got "is"`},
		{`at 5ms the file /a becomes longer`, `1:28: want the file's text, or its size such as: 1000 bytes of "abc"`},
		{`at 5ms the file /a becomes 5 bytes`, `1:35: want of, and the line ends here`},
		{`at 5ms the file /a becomes 5 bytes of ""`, `1:39: the string is empty, so it can't be repeated`},
		{"at 0s the file /a becomes 40000000 bytes of \"a\"\nat 0s the file /b becomes 40000000 bytes of \"a\"",
			"2:45: the scenario's files have more than 67108864 bytes"},
		{"at 5ms the directory / is replaced", `1:22: want a path such as /srv/index.html, got "/"`},
		{"at 5ms the directory /srv is removed", `1:30: want replaced, got "removed"`},
		{"at 5ms the limit of files is 0", `1:30: want a number from 1 to 1048576, got "0"`},
		{"at 5ms the limit is 3", `1:18: want of, got "is"`},
		{"at 5ms the log is lost", `1:19: want full or read, got "lost"`},
		{"at 5ms the log fills", `1:16: want is, got "fills"`},
		{"at 5ms the process stops", `1:20: want of, got "stops"`},
		{"at 5ms the process of", `1:22: want a client such as A, or several such as A1..A10; got ""`},
		{"at 5ms the process of A1..A2 stops", `1:23: want one client such as A: write a line for each`},
		{"at 5ms the process of A dies", `1:25: want stops, continues or is killed, got "dies"`},
		{"at 5ms the process of A is stopped", `1:28: want killed, got "stopped"`},
		{"at 5ms SIGTERM all", `1:16: want to all, or the end of the line, got "all"`},
		{"at 5ms SIGTERM to A", `1:19: want all, got "A"`},
		{"at 5ms SIGCONT to all now", `1:23: want the end of the line, got "now"`},
		{"at 5ms SIGUSR1", `1:15: want connects, sends, shuts down, closes, resets, stops reading or reads, and the line ends here`},
		{"at 5ms A connects\nat 4ms A resets", `2:4: the time 4ms is before 5ms, that of the action before it: sort the lines`},
		{"fault accept EMFILE", `1:7: want the name of a system call, one of accept4 bind cachestat`},
		{"fault accept4 EMFIL", `1:15: want the name of an errno such as EMFILE, a number of bytes, SIGKILL, or SIGSTOP for a time, got "EMFIL"`},
		{"fault accept4 EMFILE twice", `1:22: want a number of times, always, or after N calls, got "twice"`},
		{"fault fork EAGAIN", `1:7: want the name of a system call, one of accept4 bind cachestat clone`},
		{"fault accept4 5 bytes", `1:15: a number of bytes needs a call that transfers some, one of pread64`},
		{"fault read 5", `1:13: want bytes, and the line ends here`},
		{"at 5ms A01..A10 connect", `1:8: want a client such as A, or several such as A1..A10; got "A01..A10"`},
		{"at 0s A0..A9999 connect\nat 0s B connects", "2:17: the scenario has more than 10000 clients"},
		{"at 0s A sends 40000000 bytes\nat 0s A sends 40000000 bytes", "2:24: the scenario's clients send more than 67108864 bytes"},
		{"at 0s A1..A9 send 40000000 bytes", "1:28: the scenario's clients send more than 67108864 bytes"},
		{"fault read SIGSTOP", `1:19: want for, and the line ends here`},
		{"fault read SIGSTOP for -1s", `1:24: want a time such as 5ms or 1.5s, at most 1000h, got "-1s"`},
		{"fault read SIGTERM", `1:12: want the name of an errno such as EMFILE, a number of bytes, SIGKILL, or SIGSTOP for a time, got "SIGTERM"`},
		{"fault read SIGKILL for 2s", `1:20: want a number of times, always, or after N calls, got "for"`},
		{"fault accept4 EMFILE 2", `1:23: want times, and the line ends here`},
		{"fault accept4 EMFILE after 3 times", `1:30: want calls, got "times"`},
	} {
		_, err := ParseScenario(c.text)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func FuzzParseScenario(f *testing.F) {
	f.Add("seed 7\nat 0ms A connects\nat 5ms A1..A3 send \"x\\n\" # comment\nfault read 3 bytes always after 2 calls")
	for _, text := range samples {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseScenario(text)
		switch {
		case err == nil:
			checkString(t, s)
		case strings.Contains(err.Error(), "\n"):
			t.Errorf("%q: the error has more than one line: %v", text, err)
		}
	})
}

// greeter is a server that greets each client, and gives back what it gets until the end.
func greeter() {
	self := Current()
	ln, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
	self.Bind(ln, &SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 80})
	self.Listen(ln, 8)
	for {
		c, err := self.Accept4(ln, 0)
		if err != nil {
			self.Write(2, []byte(err.Error()+"\n"))
			self.Sleep(100 * time.Millisecond)
			continue
		}
		self.Write(c, []byte("hello "))
		var b [100]byte
		for n := 1; n > 0; {
			n, _ = self.Read(c, b[:])
			self.Write(c, b[:max(n, 0)])
		}
		self.Close(c)
	}
}

const greeting = `
at 0ms   A connects
at 0ms   B1..B2 connect
at 5ms   A sends "A speaks"
at 5ms   B1 sends "B1 speaks"
at 20ms  A shuts down
at 30ms  B1 resets
at 40ms  B2 sends 300 bytes
at 50ms  B2 shuts down
fault    accept4 EMFILE 2 times after 1 calls
fault    read 7 bytes always
`

// transcript plays a scenario and writes down all system calls and what the clients get.
func transcript(t *testing.T, text string) string {
	t.Helper()
	s, err := ParseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	config := Config{Trace: func(e Event) {
		fmt.Fprintf(&b, "%v %d %s(%s) = %d %s\n", e.Time, e.Pid, e.Call, e.Args, e.Result, e.Errno.Name())
	}}
	w := s.Play(config, Program{Main: greeter})
	defer w.Close()
	if !w.Run(time.Minute, 100_000) {
		t.Error("the scenario doesn't end")
	}
	for _, c := range w.Clients {
		fmt.Fprintf(&b, "%s: %q %s\n", c.Name, c.Got, c.End)
	}
	return b.String() + w.Server.Err.String()
}

func TestAScenarioIsPlayed(t *testing.T) {
	got := transcript(t, greeting)
	for _, want := range []string{
		"5ms 1 read(4, \"A speak\", 100) = 7 errno 0\n",
		"A: \"hello A speaks\" FIN\n",
		"B1: \"\" \n", // it resets before its turn
		"B2: \"hello abcdefghijklm",
		"too many open files\ntoo many open files\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// A run depends on nothing but the scenario.
func TestAScenarioIsPlayedTheSameTwice(t *testing.T) {
	for seed := range 20 {
		text := fmt.Sprintf("seed %d\npreempt 2\nbuffers 100 bytes\n%s", seed, greeting)
		if a, b := transcript(t, text), transcript(t, text); a != b {
			t.Errorf("seed %d: the first run was\n%s\nand the second\n%s", seed, a, b)
		}
	}
}

// A program gets the scenario's flags after its own arguments.
func TestAScenarioHasFlags(t *testing.T) {
	s, err := ParseScenario("flags -a=1 -b\n flags\t-c # not this\r\nshuffle\n")
	if err != nil {
		t.Fatal(err)
	}
	own, got := []string{"server", "-z"}, []string(nil)
	w := s.Play(Config{}, Program{Main: func() { got = Current().Args() }, Args: own})
	defer w.Close()
	w.Run(time.Second, 100)
	if want := []string{"server", "-z", "-a=1", "-b", "-c"}; !slices.Equal(got, want) || !w.Kernel.cfg.Shuffle {
		t.Errorf("the arguments are %q, want %q; shuffle is %t", got, want, w.Kernel.cfg.Shuffle)
	}
}
