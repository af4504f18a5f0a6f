package server

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

const (
	// maxLine is the most bytes of a command. So a message fits what carries it.
	maxLine = hub.MaxText
	// background is how long to wait before a terminal is asked again whose
	// foreground is somebody else's.
	background = time.Second
)

// Operate lets an operator give orders on standard input, if -console says so.
// Connection number n is the affair of desk (n-1) modulo their number. Attend,
// and Ready, come first.
func (env *Env) Operate(board stat.Board, desks ...*Desk) {
	if !env.Console {
		return
	}
	// A background job that reads from its terminal is stopped by this signal.
	// When it is ignored, the read fails with EIO, and we are not.
	signal.Ignore(sys.SIGTTIN)
	c := &console{
		log: env.Log, board: board, desks: desks, out: os.Stdout, patience: 5 * time.Second,
		quit: func() { env.signals <- sys.SIGTERM },
	}
	if sys.IsTerminal(int(os.Stdin.Fd())) {
		c.prompt = "> "
	}
	go c.run(os.Stdin)
}

// console is the operator's end of the desks.
type console struct {
	log    *slog.Logger
	board  stat.Board
	desks  []*Desk
	quit   func()
	out    io.Writer
	prompt string // empty: the input is no terminal

	patience time.Duration // with a loop's answer: one that has ended gives none
}

// run obeys until the end of the input, which isn't the server's.
func (c *console) run(in io.Reader) {
	r := bufio.NewReaderSize(in, maxLine)
	c.say(c.prompt)
	for {
		line, err := readLine(r)
		switch {
		case errors.Is(err, sys.EIO) && c.prompt != "":
			time.Sleep(background)
			continue
		case errors.Is(err, errLong):
			c.say(err.Error() + "\n" + c.prompt)
			continue
		case strings.TrimSpace(line) != "":
			c.say(c.obey(line) + c.prompt)
		case err == nil:
			c.say(c.prompt)
		}
		if err != nil {
			c.log.Info("the console has closed, the server goes on", "input", err)
			return
		}
	}
}

// say writes a whole answer at once, so that its lines stay together.
func (c *console) say(text string) {
	if text != "" {
		io.WriteString(c.out, text)
	}
}

var errLong = fmt.Errorf("a command may have at most %d bytes", maxLine-1)

// readLine reads a line. There may be one before the end of the input too.
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

// obey does what a line says, and returns what to say to that.
func (c *console) obey(line string) string {
	text, err := c.do(line)
	if err != nil {
		return err.Error() + "\n"
	}
	return text
}

func (c *console) do(line string) (string, error) {
	r, err := parseLine(line)
	if err != nil {
		return "", err
	}
	switch {
	case r.names[0] == "help":
		return help(r.topic)
	case r.names[0] == "stats":
		return c.stats(), nil
	case r.Verb == Leave:
		c.quit()
		return "shutting down\n", nil
	}
	a, err := c.order(r.Order)
	if err == nil && r.Conn != 0 {
		return one(&r.Order, a), nil
	}
	return all(&r.Order, a), err
}

// order leaves an order on the desks that it concerns, and adds up the answers.
func (c *console) order(o Order) (sum Answer, err error) {
	desks := c.desks
	if o.Conn != 0 {
		i := (o.Conn - 1) % uint64(len(desks))
		desks = desks[i : i+1]
	}
	answers := make(chan Answer, len(desks))
	o.answers = answers
	for i, d := range desks {
		o.Room = i == 0 && o.Verb == Tell && o.Conn == 0
		d.Put(o)
	}
	late := time.After(c.patience)
	for range desks {
		select {
		case a := <-answers:
			sum.Clients = append(sum.Clients, a.Clients...)
			sum.Done += a.Done
		case <-late:
			return sum, errors.New("the server doesn't answer: it may be shutting down")
		}
	}
	return sum, nil
}

// one says what became of an order about a single client.
func one(o *Order, a Answer) string {
	if len(a.Clients) == 0 {
		return fmt.Sprintf("there is no client %d\n", o.Conn)
	}
	addr := plain(a.Clients[0].Peer.Addr())
	switch {
	case !o.Fits(a.Clients[0].Peer):
		return fmt.Sprintf("client %d has the address %v, not %v\n", o.Conn, addr, o.Addr)
	case a.Done == 0:
		return fmt.Sprintf("%v %d has no open WebSocket\n", addr, o.Conn)
	case o.Verb == Tell:
		return fmt.Sprintf("sent to %v %d\n", addr, o.Conn)
	}
	return fmt.Sprintf("closing %v %d\n", addr, o.Conn)
}

// all says what became of an order about everyone.
func all(o *Order, a Answer) string {
	switch {
	case len(a.Clients) == 0:
		return "nobody is there\n"
	case o.Verb == Tell:
		return fmt.Sprintf("sent to %d of %d clients\n", a.Done, len(a.Clients))
	case o.Verb == Kick:
		return fmt.Sprintf("closing %d connections\n", a.Done)
	}
	slices.SortFunc(a.Clients, func(x, y Client) int { return cmp.Compare(x.ID, y.ID) })
	var b strings.Builder
	for _, u := range a.Clients {
		fmt.Fprintf(&b, "%v %d port=%d phase=%s pid=%d %s\n",
			plain(u.Peer.Addr()), u.ID, u.Peer.Port(), u.Phase, u.Pid, u.More)
	}
	return b.String()
}

// stats lists the totals.
func (c *console) stats() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-15s %d\n", "connections", c.board.Open())
	for i := stat.Accepted; i < stat.Counters; i++ {
		fmt.Fprintf(&b, "%-15s %d\n", i, c.board.Sum(i))
	}
	return b.String()
}
