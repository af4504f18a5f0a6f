package million

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// parent is this process's end of a crowd.
type parent struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	said    bytes.Buffer // standard error of the crowd; read it when reports is closed
	reports chan report  // closed when the crowd has ended
	allowed int          // connections that were allowed so far
}

// startCrowd starts a crowd and waits until its threads have their tables.
func startCrowd(ctx context.Context, s *setup) (*parent, error) {
	p := &parent{cmd: exec.Command("/proc/self/exe"), reports: make(chan report, 16)}
	p.cmd.Env = append(os.Environ(), childEnv+"=1")
	p.cmd.Stderr = &p.said
	// The terminal's Ctrl-C must reach only this process, which then ends the crowd. If this process
	// is killed, the crowd reads end of file.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.orders = in, json.NewEncoder(in)
	go func() {
		defer close(p.reports)
		for lines := json.NewDecoder(out); ; {
			var r report
			if lines.Decode(&r) != nil {
				return
			}
			p.reports <- r
		}
	}()
	if err := p.orders.Encode(s); err != nil {
		p.end()
		return nil, err
	}
	r, err := p.until(ctx, patience, func(r *report) bool { return r.Ready || r.Failed != "" })
	if err == nil && !r.Ready {
		err = errors.New(r.Failed)
	}
	if err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// patience is how long the crowd may take to obey an order, besides the time for connections.
const patience = 30 * time.Second

// errSilent means that the crowd didn't report in time.
var errSilent = errors.New("the process with the clients doesn't answer")

// next returns the crowd's next report.
func (p *parent) next(ctx context.Context) (report, error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r, ok := <-p.reports:
		if !ok {
			return r, fmt.Errorf("the process with the clients has ended: %s", bytes.TrimSpace(p.said.Bytes()))
		}
		return r, nil
	case <-ctx.Done():
		return report{}, ctx.Err()
	case <-late.C:
		return report{}, errSilent
	}
}

// until waits for a report with a property.
func (p *parent) until(ctx context.Context, d time.Duration, has func(*report) bool) (report, error) {
	for late := time.Now().Add(d); ; {
		r, err := p.next(ctx)
		switch {
		case err != nil || has(&r):
			return r, err
		case time.Now().After(late):
			return r, errSilent
		}
	}
}

// order gives an order, and allows what was allowed before.
func (p *parent) order(do string) error { return p.orders.Encode(order{Allow: p.allowed, Do: do}) }

// allow allows n more connections.
func (p *parent) allow(n int) error {
	p.allowed += n
	return p.order("")
}

// end kills the crowd. The kernel closes all its connections.
func (p *parent) end() {
	p.in.Close()
	p.cmd.Process.Kill()
	for range p.reports { // so that the crowd's last report blocks nobody
	}
	p.cmd.Wait()
}
