package processtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func (target Target) refusesFlags(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	flags := []string{
		"-addr=nonsense", "-addr=127.0.0.1", "-addr=127.0.0.1:65536", "-addr=127.0.0.1:http", "-addr=a b:1",
		"-ports=0", "-ports=2", "-ports=x", "-backlog=0",
		"-root=" + dir + "/missing", "-root=" + file("file", "no directory"),
		"-max-conns=-1", "-max-message=0", "-max-message=1TiB", "-max-body=-5", "-max-head=1", "-max-head=1GiB",
		"-head-timeout=0", "-idle-timeout=-1s", "-write-timeout=0", "-close-timeout=5", "-grace=0s",
		"-hosts=" + dir + "/missing", "-hosts=" + file("hosts", "2\nlocalhost\n"),
		"-origins=" + file("origins", "http://localhost\n"), "-origins=" + dir,
		"-origin-required=perhaps", "-legacy=75", "-nodelay=2", "-more=2", "-defer-accept=-1",
		"-demo=2", "-lifeline=2", "-lifeline=-1", "-lifeline=900", "-log=loud", "-log-format=xml", "-unheard-of", "argument",
	}
	if target.Name == "forkserv" {
		flags = append(flags, "-prefork=-1", "-max-children=-1", "-max-children=0")
	} else {
		flags = append(flags, "-prefork=1", "-max-children=1")
	}
	for _, flag := range flags {
		t.Run(flag, func(t *testing.T) {
			p := prepare(t, nil, []string{"-addr=127.0.0.1:0", flag})
			target.complains(p, 2, regexp.QuoteMeta(about(flag)))
		})
	}
}

// about is what the complaint about a flag has to name.
func about(flag string) string {
	name, _, _ := strings.Cut(flag, "=")
	return name
}

func (target Target) refusesBusyPort(t *testing.T) {
	p := Launch(t)
	second := prepare(t, nil, []string{"-addr=" + p.Addr})
	target.complains(second, 1, regexp.QuoteMeta(p.Addr)+".*in use.*-addr")
	p.CheckHealthz()
}

// complains runs a server that can't start: it ends with status, and with one
// line on standard error that matches pattern.
func (target Target) complains(p *Process, status int, pattern string) {
	p.t.Helper()
	out := new(strings.Builder)
	p.cmd.Stdout = out
	must(p.t, p.cmd.Start())
	go func() {
		p.cmd.Wait()
		close(p.ended)
	}()
	p.t.Cleanup(func() { p.cmd.Process.Kill() })
	if err := equal("exit status", p.Wait(), status); err != nil {
		p.t.Error(err)
	}
	if err := equal("standard output", out.String(), ""); err != nil {
		p.t.Error(err)
	}
	line := regexp.MustCompile("^" + target.Name + `: .*` + pattern + `.*\n$`) // . is no newline
	if log := p.Log(); !line.MatchString(log) {
		p.t.Errorf("standard error: got %q, want one line like %q", log, line)
	}
}
