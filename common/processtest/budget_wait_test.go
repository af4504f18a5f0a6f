package processtest

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// strictVariable in the environment, set to 1, has waits measured by the clock on the wall, which
// shows what a client sees on a quiet machine.
const strictVariable = "THREELOOPS_STRICT"

// maxWait is the longest that a second client may wait.
const maxWait = 100 * time.Millisecond

// maxTries is how often a flood is repeated as long as the second client waits for longer. A server
// that takes no turns fails each time; one whose processor another tenant of the machine has
// taken away for a moment does not. (The kernel counts that time as the server's.)
const maxTries = 3

// limitsWaits has clients flood a server while another client, which is connected already, asks for
// /healthz every five milliseconds.
//
// A wait is measured as the processor time that the server uses between a request and its answer:
// that is the work which it puts before the second client's. The clock on the wall would also show
// how busy the machine is with the attackers, with other tests, and with other tenants. A server
// that blocks uses no processor time; a wider limit on the wall clock finds that. Each connection
// of forkserv has a process of its own, in which nobody is before the second client: what remains
// there is the kernel's scheduler, and only the wider limit applies.
func (target Target) limitsWaits(t *testing.T) {
	for i, f := range floods(t) {
		t.Run(f.title, func(t *testing.T) {
			p := Launch(t, append([]string{"-grace=1s", "-root=" + newRoot(t)}, f.flags...)...)
			if f.members > 0 {
				p.fillRoom(t, target.roomSize(f.members))
			}
			for _, attackers := range f.attackers {
				if target.Name == "forkserv" && attackers > 50 && i > 0 {
					continue // to start so many children takes longer than the flood, and one kind shows it
				}
				what := fmt.Sprintf("%s, %d attackers", f.title, attackers)
				err := errors.New("not measured")
				for try := 0; err != nil && try < maxTries; try++ {
					w := p.measureWaits(t, f, attackers)
					t.Logf("%s: %v", what, &w)
					err = w.check(target)
				}
				if err != nil {
					t.Errorf("%s, the last of %d tries: %v", what, maxTries, err)
				}
			}
		})
	}
}

// roomSize is how many members a room has: forkserv starts a process for each.
func (target Target) roomSize(members int) int {
	if target.Name == "forkserv" {
		return members / 10
	}
	return members
}

// waitTimes are how long a client waited for each of its answers.
type waitTimes struct {
	wall, server []time.Duration
}

func (w *waitTimes) String() string {
	middle, longest := median(w.wall)
	_, server := median(w.server)
	return fmt.Sprintf("the second client waited %.1f ms at most, %.1f ms in the median, "+
		"and the server worked %.1f ms before an answer at most; %d answers",
		milliseconds(longest), milliseconds(middle), milliseconds(server), len(w.wall))
}

func (w *waitTimes) check(target Target) error {
	wide := 30 * maxWait
	_, longest := median(w.wall)
	_, server := median(w.server)
	if longest > wide || os.Getenv(strictVariable) == "1" && longest > maxWait {
		return fmt.Errorf("the second client waited %v, want at most %v by the clock", longest, maxWait)
	}
	if target.Name != "forkserv" && server > slack()*maxWait {
		return fmt.Errorf("the server worked %v before it answered, want at most %v", server, slack()*maxWait)
	}
	return nil
}

// slack is the factor by which a server may be slower: 10 under the race detector, which is used
// together with -short.
func slack() time.Duration {
	if testing.Short() {
		return 10
	}
	return 1
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measureWaits has so many attackers send while a second client asks.
func (p *Process) measureWaits(t *testing.T, f flood, attackers int) (w waitTimes) {
	t.Helper()
	c := idleClient(t, p.Addr)
	defer c.Close()
	stop := p.attack(t, f, attackers)
	defer stop()
	for end := time.Now().Add(f.lasts); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		begin, cpu := time.Now(), processTime(p.Pid)
		c.SetReadDeadline(begin.Add(testTimeout / 2)) // the time until then is a wait too, which fails
		_, err := c.get("/healthz")
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			must(t, err)
		}
		wall, worked := time.Since(begin), processTime(p.Pid)-cpu
		w.wall = append(w.wall, wall)
		// The garbage collector works beside the loop, so that more time may be used than has
		// passed.
		w.server = append(w.server, min(wall, worked))
		if err != nil {
			break
		}
	}
	return w
}

// attack connects attackers that send and read until the returned function is called. They are
// reset then, so that the server need not answer what it has taken.
func (p *Process) attack(t *testing.T, f flood, attackers int) (stop func()) {
	t.Helper()
	all := make([]*client, attackers)
	together(t, attackers, func(i int) (err error) {
		if all[i], err = dial(p.Addr); err == nil {
			err = f.enter(all[i], i)
		}
		return err
	})
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() {
			for {
				if _, err := c.Write(f.chunk); err != nil {
					return
				}
			}
		})
		wg.Go(func() { c.drain() })
	}
	return func() {
		for _, c := range all { // Close would wait for each one's read and write in turn
			c.SetDeadline(time.Now())
		}
		wg.Wait()
		for _, c := range all {
			c.reset()
		}
	}
}

// drain reads until the connection ends.
func (c *client) drain() {
	for buf := make([]byte, 64<<10); ; {
		if _, err := c.TCPConn.Read(buf); err != nil {
			return
		}
	}
}

// fillRoom has so many members join a room and read what is said there until the test ends.
func (p *Process) fillRoom(t *testing.T, members int) {
	t.Helper()
	needDescriptors(t, uint64(members)+1000)
	for chunk := range slices.Chunk(make([]struct{}, members), 100) {
		together(t, len(chunk), func(int) error {
			c, err := dial(p.Addr)
			if err != nil {
				return err
			}
			t.Cleanup(c.reset)
			_, err = c.upgradeAt("/chat")
			go func() {
				defer c.Close()
				c.SetDeadline(time.Time{})
				c.drain()
			}()
			return joinAs(c, fmt.Sprint("member ", c.port()), err)
		})
	}
	talker := p.join(t, "the last")
	talker.Close()
}
