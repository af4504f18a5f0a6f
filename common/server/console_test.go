package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// parsedCommand is a parsed line in a form that can be compared.
type parsedCommand struct {
	Command    string
	Verb       CommandKind
	Conn       uint64
	Addr, Text string
}

func parsedCommandOf(r request) parsedCommand {
	o := parsedCommand{r.names[0], r.Kind, r.Conn, "", string(r.Text)}
	if r.Addr.IsValid() {
		o.Addr = r.Addr.String()
	}
	return o
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]parsedCommand{
		"users": {"users", ListCommand, 0, "", ""}, "online": {"users", ListCommand, 0, "", ""},
		"clients": {"users", ListCommand, 0, "", ""}, " \tUsers\r\n": {"users", ListCommand, 0, "", ""},
		"send 127.0.0.1 7 hello":         {"send", SendCommand, 7, "127.0.0.1", "hello"},
		"write 127.0.0.1 7 hello":        {"send", SendCommand, 7, "127.0.0.1", "hello"},
		"send 7 hello, you  two":         {"send", SendCommand, 7, "", "hello, you  two"},
		"send 7 8 hello":                 {"send", SendCommand, 7, "", "8 hello"},
		"send 7 127.0.0.1":               {"send", SendCommand, 7, "", "127.0.0.1"},
		"send ::1 7 hello":               {"send", SendCommand, 7, "::1", "hello"},
		"send [2001:DB8::17]\t 7\thello": {"send", SendCommand, 7, "2001:db8::17", "hello"},
		"send fe80::1%eth0 7 hello":      {"send", SendCommand, 7, "fe80::1", "hello"},
		"send ::ffff:10.0.0.1 7 hello":   {"send", SendCommand, 7, "10.0.0.1", "hello"},
		"sendall 7 hello":                {"sendall", SendCommand, 0, "", "7 hello"},
		"writeall hello":                 {"sendall", SendCommand, 0, "", "hello"},
		"kick 10.0.0.1 7":                {"kick", KickCommand, 7, "10.0.0.1", ""},
		"close ::1 7":                    {"kick", KickCommand, 7, "::1", ""},
		"close 18446744073709551615":     {"kick", KickCommand, 1<<64 - 1, "", ""},
		"kickall":                        {"kickall", KickCommand, 0, "", ""},
		"closeall":                       {"kickall", KickCommand, 0, "", ""},
		"quit":                           {"quit", ShutdownCommand, 0, "", ""},
		"exit":                           {"quit", ShutdownCommand, 0, "", ""},
		"stats":                          {"stats", 0, 0, "", ""},
		"help":                           {"help", 0, 0, "", ""},
		"help send":                      {"help", 0, 0, "", ""},
	} {
		r, err := parseLine(line)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if diff := cmp.Diff(want, parsedCommandOf(r)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

func TestABadCommandIsExplained(t *testing.T) {
	for line, want := range map[string]string{
		"usres":            `there is no command "usres": the nearest is users, and help lists all`,
		"/kick 7":          `there is no command "/kick": the nearest is kick, and help lists all`,
		"snedall hi":       `there is no command "snedall": the nearest is sendall, and help lists all`,
		"q":                `there is no command "q": the nearest is quit, and help lists all`,
		"users 7":          `usage: users`,
		"quit now":         `usage: quit`,
		"kickall 7":        `usage: kickall`,
		"kick":             `usage: kick [IP] SOCKET`,
		"kick 127.0.0.1":   `usage: kick [IP] SOCKET`,
		"kick 7 8":         `usage: kick [IP] SOCKET`,
		"close 7 ::1":      `usage: kick [IP] SOCKET`,
		"kick 0":           `"0" is not a SOCKET: type a number from the second column of users`,
		"kick -1":          `"-1" is not a SOCKET: type a number from the second column of users`,
		"kick ::1 x":       `"x" is not a SOCKET: type a number from the second column of users`,
		"send 127.0.0 7 a": `"127.0.0" is not a SOCKET: type a number from the second column of users`,
		"send 7":           `usage: send [IP] SOCKET MESSAGE`,
		"send ::1 7 ":      `usage: send [IP] SOCKET MESSAGE`,
		"sendall":          `usage: sendall MESSAGE`,
		"sendall \xff":     `the command is not valid UTF-8`,
	} {
		if _, err := parseLine(line); err == nil || err.Error() != want {
			t.Errorf("%q:\nwant %s\ngot  %v", line, want, err)
		}
	}
}

func TestACommandWithOneSlipIsRecognized(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"users", "users", 0}, {"usrs", "users", 1}, {"uusers", "users", 1},
		{"asers", "users", 1}, {"suers", "users", 1}, {"usesr", "users", 1}, {"ca", "abc", 3}, {"send", "kick", 4},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	for _, c := range consoleCommands {
		for _, name := range c.names {
			for i := range name {
				if typed := name[:i] + "_" + name[i:]; !strings.Contains(failure(typed), "nearest is "+name+",") {
					t.Errorf("%s: %s", typed, failure(typed))
				}
			}
		}
	}
}

func failure(line string) string {
	_, err := parseLine(line)
	return err.Error()
}

func FuzzCommand(f *testing.F) {
	for _, line := range []string{"help send", "send ::1 7 hi", "kick [::1] 2", "sendall \xf0\x9f\x91\x8b", "xyzzy", "\t"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.TrimSpace(line) == "" || len(line) > maxLine {
			return
		}
		r, err := parseLine(line)
		if err != nil {
			if text := err.Error(); text == "" || len(text) > 300 || strings.ContainsAny(text, "\n\r\x1b") {
				t.Errorf("%q: the error is %q, want one line of at most 300 bytes", line, text)
			}
			return
		}
		single := r.names[0] == "send" || r.names[0] == "kick"
		if single != (r.Conn != 0) || !single && r.Addr.IsValid() {
			t.Errorf("%q: got connection %d and address %v; want a connection if and only if the command names one",
				line, r.Conn, r.Addr)
		}
		if (r.Kind == SendCommand) != (len(r.Text) > 0) || !utf8.Valid(r.Text) {
			t.Errorf("%q: got the text %q; want valid UTF-8, and a text if and only if the command sends one", line, r.Text)
		}
	})
}

// newTestConsole returns a console, what it writes, and its log. Each of its loops has the given
// clients.
func newTestConsole(t *testing.T, loops ...[]Client) (c *console, out *bytes.Buffer, log *bytes.Buffer) {
	t.Helper()
	out, log = new(bytes.Buffer), new(bytes.Buffer)
	c = &console{resultTimeout: time.Minute, log: slog.New(slog.NewTextHandler(log, nil)), board: make(stat.Board, 1), out: out}
	c.quit = func() { out.WriteString("(asked to quit)\n") }
	for _, clients := range loops {
		q, err := NewCommandQueue()
		if err != nil {
			t.Fatal(err)
		}
		c.queues = append(c.queues, q)
		ended := make(chan bool)
		t.Cleanup(func() { q.Put(Command{Kind: ShutdownCommand}); <-ended; q.Close() })
		go func() {
			defer close(ended)
			for {
				sys.Poll([]sys.PollFd{{Fd: int32(q.FD), Events: sys.POLLIN}}, sys.Forever)
				for _, cmd := range q.TakeAll() {
					if cmd.Kind == ShutdownCommand {
						return
					}
					cmd.SendResult(execute(&cmd, clients))
				}
			}
		}()
	}
	return c, out, log
}

// execute runs cmd on clients. Those in phase open can be sent messages.
func execute(cmd *Command, clients []Client) (a Result) {
	for _, c := range clients {
		if !cmd.Concerns(c.ID) {
			continue
		}
		a.Clients = append(a.Clients, c)
		if cmd.MatchesAddr(c.Peer) && (cmd.Kind == KickCommand || cmd.Kind == SendCommand && c.Phase == "open") {
			a.Done++
		}
	}
	return a
}

func at(id uint64, phase, peer string) Client {
	return Client{ID: id, Pid: 4711, Phase: phase, Peer: netip.MustParseAddrPort(peer), More: "queued=0"}
}

func TestCommandsGoToTheQueueOfTheConnection(t *testing.T) {
	c, out, _ := newTestConsole(t,
		[]Client{at(5, "open", "[::1]:50"), at(1, "idle", "10.0.0.1:10")},
		[]Client{at(4, "open", "[::ffff:10.0.0.4]:40")})
	c.run(strings.NewReader(strings.Join([]string{
		"users", "send 5 hi", "send ::1 5 hi", "send 10.0.0.1 1 hi", "write 10.0.0.4 4 hi", "sendall hi",
		"kick 10.0.0.9 1", "close 10.0.0.1 1", "kick 2", "kickall", "quit",
	}, "\n")))
	want := strings.Join([]string{
		"10.0.0.1 1 port=10 phase=idle pid=4711 queued=0",
		"10.0.0.4 4 port=40 phase=open pid=4711 queued=0",
		"::1 5 port=50 phase=open pid=4711 queued=0",
		"sent to ::1 5", "sent to ::1 5",
		"10.0.0.1 1 has no open WebSocket",
		"sent to 10.0.0.4 4", "sent to 2 of 3 clients",
		"client 1 has the address 10.0.0.1, not 10.0.0.9",
		"closing 10.0.0.1 1",
		"there is no client 2",
		"closing 3 connections",
		"shutting down", "(asked to quit)", "",
	}, "\n")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("the console (-want +got):\n%s", diff)
	}
}

func TestACommandWithoutClientsSaysSo(t *testing.T) {
	c, out, _ := newTestConsole(t, nil)
	c.run(strings.NewReader("users\nsendall hi\nkickall\n\n \n"))
	if got := out.String(); got != strings.Repeat("nobody is there\n", 3) {
		t.Errorf("without clients: the console wrote %q", got)
	}
}

func TestHelpListsAndExplainsEveryCommand(t *testing.T) {
	c, out, _ := newTestConsole(t, nil)
	c.run(strings.NewReader("help\nhelp sennd"))
	for _, cmd := range consoleCommands {
		if !strings.Contains(out.String(), "\n"+cmd.names[0]+" ") && cmd.names[0] != "help" {
			t.Errorf("help doesn't list %s: %s", cmd.names[0], out)
		}
		for _, name := range cmd.names {
			text, err := help(name)
			if err != nil || !strings.HasPrefix(text, cmd.names[0]) || !strings.Contains(text, name) {
				t.Errorf("help %s: got %q, %v, want a text that begins with %s", name, text, err, cmd.names[0])
			}
		}
	}
	if !strings.HasSuffix(out.String(), "there is no command \"sennd\": the nearest is send, and help lists all\n") {
		t.Errorf("help of a command that doesn't exist: got %q", out)
	}
}

func TestStatsOfTheConsoleAreTheTotals(t *testing.T) {
	c, out, _ := newTestConsole(t, nil)
	c.board = make(stat.Board, 2)
	for i := range c.board {
		c.board[i].Set(stat.Accepted, 10)
		c.board[i].Set(stat.Closed, 3+i)
	}
	c.run(strings.NewReader("stats"))
	fields := strings.Fields(out.String())
	want := []string{"connections", "13", "accepted", "20", "closed", "7"}
	if diff := cmp.Diff(want, fields[:6]); diff != "" || len(fields) != 2+2*int(stat.Counters-stat.Accepted) {
		t.Errorf("stats (-want +got):\n%s\n%s", diff, out)
	}
}

// A line that is too long is refused as a whole, and the line after it is read as usual.
func TestALongLineIsRefusedWhole(t *testing.T) {
	longest := "sendall " + strings.Repeat("a", maxLine-9)
	for _, end := range []string{"\n", ""} {
		c, out, _ := newTestConsole(t, []Client{at(1, "open", "[::1]:50")})
		c.run(strings.NewReader(longest + "\n" + longest + "a\n" + strings.Repeat(longest, 9) + "\nkick 1\n" + longest + "a" + end))
		long := errLong.Error() + "\n"
		if got := out.String(); got != "sent to 1 of 1 clients\n"+long+long+"closing ::1 1\n"+long {
			t.Errorf("the console wrote %q", got)
		}
	}
}

// interrupted is an input whose first read fails, as it does in a background job.
type interrupted struct {
	r     io.Reader
	calls int
}

func (in *interrupted) Read(p []byte) (int, error) {
	if in.calls++; in.calls == 1 {
		return 0, syscall.EIO
	}
	return in.r.Read(p)
}

func TestTheConsoleReadsAgainInTheForeground(t *testing.T) {
	c, out, log := newTestConsole(t, nil)
	c.prompt = "> "
	c.run(&interrupted{r: strings.NewReader("users\n")})
	if got := out.String(); got != "> nobody is there\n> " {
		t.Errorf("the console wrote %q", got)
	}
	if !strings.Contains(log.String(), "input=EOF") {
		t.Errorf("the log is %q, want it to have input=EOF", log)
	}
}

func TestTheEndOfTheInputIsLogged(t *testing.T) {
	for _, end := range []error{io.EOF, syscall.EIO, errors.New("broken")} {
		c, out, log := newTestConsole(t, nil)
		c.run(io.MultiReader(strings.NewReader("users\nusers"), iotest.ErrReader(end)))
		if got := out.String(); got != "nobody is there\nnobody is there\n" {
			t.Errorf("before its input ended with %v, the console wrote %q", end, got)
		}
		if n := strings.Count(log.String(), "the console has closed: its input has ended; the server goes on"); n != 1 {
			t.Errorf("the end (%v) is logged %d times, want once: %s", end, n, log)
		}
	}
}

// A loop that has ended sends no result.
func TestTheConsoleStopsWaitingForALoopThatHasEnded(t *testing.T) {
	c, out, _ := newTestConsole(t, nil)
	d, err := NewCommandQueue()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c.queues, c.resultTimeout = append(c.queues, d), time.Millisecond
	c.run(strings.NewReader("users\n"))
	if got := out.String(); got != "the server doesn't answer: it may be shutting down\n" {
		t.Errorf("the console wrote %q", got)
	}
	d.TakeAll()[0].SendResult(Result{}) // nobody waits for it any more, but it must not block
}
