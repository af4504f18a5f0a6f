package pages

import (
	"fmt"
	"html/template"
	"net"
	"regexp"
	"strings"
)

// servers are the names of the three servers, in the order of the ports that chapters give them.
var servers = [...]string{"forkserv", "pollserv", "epollserv"}

var (
	chapterPort = regexp.MustCompile(`:800([1-3])\b`)
	quotedCode  = regexp.MustCompile(`(?s)<pre class="code.*?</pre>`)
)

// ports replaces the ports that chapters give the servers by those that they have, so that a reader
// can copy a command as it is. Quoted code stays as it is.
type ports [len(servers)]string

func portsOf(addrs []string) (p ports, err error) {
	if len(addrs) != len(p) {
		return p, fmt.Errorf("the site needs the addresses of %s, got %q", strings.Join(servers[:], ", "), addrs)
	}
	for i, addr := range addrs {
		if _, p[i], err = net.SplitHostPort(addr); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p ports) replace(text template.HTML) template.HTML {
	var b strings.Builder
	rest := string(text)
	put := func(prose string) {
		b.WriteString(chapterPort.ReplaceAllStringFunc(prose, func(port string) string {
			return ":" + p[port[len(port)-1]-'1']
		}))
	}
	for {
		at := quotedCode.FindStringIndex(rest)
		if at == nil {
			put(rest)
			return template.HTML(b.String())
		}
		put(rest[:at[0]])
		b.WriteString(rest[at[0]:at[1]])
		rest = rest[at[1]:]
	}
}
