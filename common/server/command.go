package server

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// consoleCommand is a command of the console.
type consoleCommand struct {
	names []string // the command's name, and then other names that mean the same
	args  string
	about string                              // one line about what it does
	more  string                              // what help COMMAND adds to that line
	kind  CommandKind                         // what the loops have to do; 0: nothing
	parse func(r *request, rest string) error // reads what follows the name
}

// consoleCommands lists the commands in the order in which help shows them.
var consoleCommands = []consoleCommand{
	{
		names: []string{"help"}, args: "[COMMAND]", about: "list the commands, or explain one",
		parse: (*request).topicOf,
	}, {
		names: []string{"users", "online", "clients"}, about: "list the connections", kind: ListCommand,
		more:  "Each line begins with the client's IP and its SOCKET. Other commands name a client by its SOCKET.",
		parse: (*request).nothing,
	}, {
		names: []string{"send", "write"}, args: "[IP] SOCKET MESSAGE", about: "send a message to one client",
		more: "The client needs an open WebSocket, and gets a text message. If you give an IP, it must be the client's.",
		kind: SendCommand, parse: (*request).clientAndMessage,
	}, {
		names: []string{"sendall", "writeall"}, args: "MESSAGE", about: "send a message to every client",
		more: "Each client with an open WebSocket gets a text message. Members of the room that poll get it too.",
		kind: SendCommand, parse: (*request).message,
	}, {
		names: []string{"kick", "close"}, args: "[IP] SOCKET", about: "close one connection",
		more: "A WebSocket gets a Close frame with code 1008. A request that has arrived gets its response first.\n" +
			"After -close-timeout the connection is cut off. If you give an IP, it must be the client's.",
		kind: KickCommand, parse: (*request).clientAlone,
	}, {
		names: []string{"kickall", "closeall"}, about: "close every connection",
		more: "The server goes on, and accepts new connections.",
		kind: KickCommand, parse: (*request).nothing,
	}, {
		names: []string{"stats"}, about: "show the server's counters",
		more:  "The counters have the same names at /stats.",
		parse: (*request).nothing,
	}, {
		names: []string{"quit", "exit"}, about: "shut the server down",
		more:  "SIGTERM does the same. Clients have until -grace to finish.",
		parse: (*request).nothing, kind: ShutdownCommand,
	},
}

// request is a parsed line of the operator.
type request struct {
	Command
	*consoleCommand
	topic string // the command that help explains; empty: help lists all
}

// parseLine parses a line that isn't blank. The error is for the operator.
func parseLine(line string) (request, error) {
	if !utf8.ValidString(line) {
		return request{}, errors.New("the command is not valid UTF-8")
	}
	name, rest := cutWord(strings.TrimSpace(line))
	c, err := lookUp(name)
	if err != nil {
		return request{}, err
	}
	r := request{consoleCommand: c, Command: Command{Kind: c.kind}}
	return r, c.parse(&r, rest)
}

// cutWord splits a line that begins with a word into the word and what follows the spaces after it.
func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// lookUp finds a command by any of its names. The error names the nearest.
func lookUp(name string) (*consoleCommand, error) {
	name = strings.ToLower(name)
	typed := name[:min(len(name), 40)] // all names are much shorter, and distance takes time
	best, least := "", 0
	for i := range consoleCommands {
		for _, n := range consoleCommands[i].names {
			if n == name {
				return &consoleCommands[i], nil
			}
			if d := distance(typed, n); best == "" || d < least {
				best, least = n, d
			}
		}
	}
	return nil, fmt.Errorf("there is no command %.40q: the nearest is %s, and help lists all", name, best)
}

func (r *request) usage() error {
	return fmt.Errorf("usage: %s", strings.TrimSpace(r.names[0]+" "+r.args))
}

func (r *request) nothing(rest string) error {
	if rest != "" {
		return r.usage()
	}
	return nil
}

func (r *request) topicOf(rest string) error {
	r.topic = rest
	return nil
}

func (r *request) message(rest string) error {
	if rest == "" {
		return r.usage()
	}
	r.Text = []byte(rest)
	return nil
}

// client reads "IP SOCKET" or "SOCKET", and returns what follows. A number is never an IP address,
// so the two can't be confused.
func (r *request) client(s string) (rest string, err error) {
	word, rest := cutWord(s)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(word, "["), "]")); err == nil {
		r.Addr = canonicalAddr(a)
		word, rest = cutWord(rest)
	}
	if word == "" {
		return "", r.usage()
	}
	r.Conn, err = strconv.ParseUint(word, 10, 64)
	if err != nil || r.Conn == 0 {
		return "", fmt.Errorf("%.40q is not a SOCKET: type a number from the second column of users", word)
	}
	return rest, nil
}

func (r *request) clientAlone(rest string) error {
	rest, err := r.client(rest)
	if err != nil {
		return err
	}
	return r.nothing(rest)
}

func (r *request) clientAndMessage(rest string) error {
	rest, err := r.client(rest)
	if err != nil {
		return err
	}
	return r.message(rest)
}

// distance is how many slips of the fingers turn a into b: a byte too many, too few or wrong, or
// two neighbours swapped.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

// help explains the command topic, or lists all commands if topic is empty.
func help(topic string) (string, error) {
	var b strings.Builder
	if topic == "" {
		for _, c := range consoleCommands {
			fmt.Fprintf(&b, "%-26s %s\n", c.names[0]+" "+c.args, c.about)
		}
		return b.String(), nil
	}
	c, err := lookUp(topic)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "%s: %s\n", strings.TrimSpace(c.names[0]+" "+c.args), c.about)
	if c.more != "" {
		fmt.Fprintln(&b, c.more)
	}
	if also := c.names[1:]; len(also) > 0 {
		fmt.Fprintln(&b, "Other names:", strings.Join(also, ", "))
	}
	return b.String(), nil
}
