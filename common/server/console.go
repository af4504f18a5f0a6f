package server

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

const (
	// maxLine is how many bytes a line may have. So the operator's message fits into a message of
	// the room.
	maxLine = hub.MaxText
	// foregroundRetry is how long to wait before reading again from the terminal while the server
	// runs in the background.
	foregroundRetry = time.Second
)

// StartConsole reads an operator's commands from standard input, if -console is set. queues must
// have the loops' queues in order, because connection n belongs to queue (n-1) modulo their number.
// Call ShutdownOnSignal and Ready first.
func (env *Env) StartConsole(board stat.Board, queues ...*CommandQueue) {
	if !env.Console {
		return
	}
	// This signal stops a background job that reads from its terminal. If it is ignored, the read
	// fails with EIO instead, and the server goes on.
	sys.Ignore(sys.SIGTTIN)
	c := &console{
		log: env.Log, board: board, queues: queues, out: sys.Stdout, resultTimeout: 5 * time.Second,
		quit: func() { env.signals.Raise(sys.SIGTERM) },
	}
	if sys.IsTerminal(int(sys.Stdin)) {
		c.prompt = "> "
	}
	sys.Go(func() { c.run(sys.Stdin) })
}

// console is the operator's end of the command queues.
type console struct {
	log    *slog.Logger
	board  stat.Board
	queues []*CommandQueue
	quit   func()
	out    io.Writer
	prompt string // empty if the input is not a terminal

	resultTimeout time.Duration // how long to wait for results: a loop that has ended sends none
}

// run runs commands until the input ends. The server goes on after that.
func (c *console) run(in io.Reader) {
	r := bufio.NewReaderSize(in, maxLine)
	c.write(c.prompt)
	for {
		line, err := readLine(r)
		switch {
		case errors.Is(err, sys.EIO) && c.prompt != "":
			sys.Sleep(foregroundRetry)
			continue
		case errors.Is(err, errLong):
			c.write(err.Error() + "\n" + c.prompt)
			continue
		case strings.TrimSpace(line) != "":
			c.write(c.answer(line) + c.prompt)
		case err == nil:
			c.write(c.prompt)
		}
		if err != nil {
			c.log.Info("the console has closed: its input has ended; the server goes on", "input", err)
			return
		}
	}
}

// write writes text in one call, so that no other output comes between its lines.
func (c *console) write(text string) {
	if text != "" {
		io.WriteString(c.out, text)
	}
}

var errLong = fmt.Errorf("a command may have at most %d bytes", maxLine-1)

// readLine reads a line, or returns errLong if it has maxLine bytes or more. The last line of the
// input, which may have no newline, comes together with io.EOF.
func readLine(r *bufio.Reader) (string, error) {
	p, err := r.ReadSlice('\n')
	line := string(p)
	for long := err == bufio.ErrBufferFull; long; {
		if _, err = r.ReadSlice('\n'); err != bufio.ErrBufferFull {
			return "", errLong
		}
	}
	return line, err
}

// answer runs a line, and returns what the operator is shown.
func (c *console) answer(line string) string {
	text, err := c.execute(line)
	if err != nil {
		return err.Error() + "\n"
	}
	return text
}

func (c *console) execute(line string) (string, error) {
	r, err := parseLine(line)
	if err != nil {
		return "", err
	}
	switch {
	case r.names[0] == "help":
		return help(r.topic)
	case r.names[0] == "stats":
		return c.stats(), nil
	case r.Kind == ShutdownCommand:
		c.write("shutting down\n") // first, because the process may end before this thread runs again
		c.quit()
		return "", nil
	}
	a, err := c.runCommand(r.Command)
	if err == nil && r.Conn != 0 {
		return describeOne(&r.Command, a), nil
	}
	return describeAll(&r.Command, a), err
}

// runCommand puts a command into the queues of the loops that it concerns, and adds up their
// results.
func (c *console) runCommand(cmd Command) (sum Result, err error) {
	queues := c.queues
	if cmd.Conn != 0 {
		i := (cmd.Conn - 1) % uint64(len(queues))
		queues = queues[i : i+1]
	}
	cmd.results = sys.NewQueue[Result](len(queues))
	for i, q := range queues {
		cmd.Room = i == 0 && cmd.Kind == SendCommand && cmd.Conn == 0
		q.Put(cmd)
	}
	for end := sys.Now().Add(c.resultTimeout); len(queues) > 0; queues = queues[1:] {
		a, ok := cmd.results.Get(conn.Until(end, sys.Now()))
		if !ok {
			return sum, errors.New("the server doesn't answer: it may be shutting down")
		}
		sum.Clients = append(sum.Clients, a.Clients...)
		sum.Done += a.Done
	}
	return sum, nil
}

// describeOne describes the result of a command about a single client.
func describeOne(cmd *Command, a Result) string {
	if len(a.Clients) == 0 {
		return fmt.Sprintf("there is no client %d\n", cmd.Conn)
	}
	addr := canonicalAddr(a.Clients[0].Peer.Addr())
	switch {
	case !cmd.MatchesAddr(a.Clients[0].Peer):
		return fmt.Sprintf("client %d has the address %v, not %v\n", cmd.Conn, addr, cmd.Addr)
	case a.Done == 0:
		return fmt.Sprintf("%v %d has no open WebSocket\n", addr, cmd.Conn)
	case cmd.Kind == SendCommand:
		return fmt.Sprintf("sent to %v %d\n", addr, cmd.Conn)
	}
	return fmt.Sprintf("closing %v %d\n", addr, cmd.Conn)
}

// describeAll describes the result of a command about all clients.
func describeAll(cmd *Command, a Result) string {
	switch {
	case len(a.Clients) == 0:
		return "nobody is there\n"
	case cmd.Kind == SendCommand:
		return fmt.Sprintf("sent to %d of %d clients\n", a.Done, len(a.Clients))
	case cmd.Kind == KickCommand:
		return fmt.Sprintf("closing %d connections\n", a.Done)
	}
	slices.SortFunc(a.Clients, func(x, y Client) int { return cmp.Compare(x.ID, y.ID) })
	var b strings.Builder
	for _, u := range a.Clients {
		fmt.Fprintf(&b, "%v %d port=%d phase=%s pid=%d %s\n",
			canonicalAddr(u.Peer.Addr()), u.ID, u.Peer.Port(), u.Phase, u.Pid, u.More)
	}
	return b.String()
}

// stats lists the counters, added up over all loops or children.
func (c *console) stats() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-15s %d\n", "connections", c.board.Open())
	for i := stat.Accepted; i < stat.Counters; i++ {
		fmt.Fprintf(&b, "%-15s %d\n", i, c.board.Sum(i))
	}
	return b.String()
}
