package server

import (
	"strings"
	"testing"
)

func TestAnEntryThatMatchesNothingIsRefused(t *testing.T) {
	for _, c := range []struct{ flag, entry, want string }{
		{"-hosts", "http://example.com", `write "example.com"`},
		{"-hosts", "example.com:8080", `write "example.com"`},
		{"-hosts", "example.com:", `write "example.com"`},
		{"-hosts", "[::1]:8080", `write "[::1]"`},
		{"-hosts", "example.com/", "has no path"},
		{"-hosts", "*", "no wildcards"},
		{"-hosts", "*.example.com", "no wildcards"},
		{"-hosts", ".example.com", "not a host"},
		{"-hosts", "example..com", "not a host"},
		{"-hosts", "a.b..", "not a host"},
		{"-hosts", ".", "not a host"},
		{"-hosts", "bücher.example", "xn--"},
		{"-hosts", "[example.com]", "not an IPv6 address"},
		{"-hosts", "[127.0.0.1]", "not an IPv6 address"},
		{"-hosts", "[::1", "not an IPv6 address"},
		{"-hosts", "::1]", "not an IPv6 address"},
		{"-hosts", "::12345", "not an IPv6 address"},
		{"-hosts", "[fe80::1%eth0]", "not an IPv6 address"},
		{"-hosts", "fe80::1%eth0", "not an IPv6 address"},
		{"-hosts", "user@example.com", "not a host"},
		{"-hosts", "a,b", "not a host"},
		{"-hosts", "1.2.3.256", "not an IPv4 address"},
		{"-hosts", "127.1", "not an IPv4 address"},
		{"-hosts", "010.0.0.1", "not an IPv4 address"},
		{"-hosts", `exa"mple`, "not a host"},

		{"-origins", "example.com", "https://example.com"},
		{"-origins", "//example.com", "https://"},
		{"-origins", "localhost:8001", "http://localhost:8001"},
		{"-origins", "https:example.com", "https://"},
		{"-origins", "https://example.com/", `write "https://example.com"`},
		{"-origins", "https://example.com/chat", `write "https://example.com"`},
		{"-origins", "https://example.com?a", `write "https://example.com"`},
		{"-origins", "https://example.com#a", `write "https://example.com"`},
		{"-origins", "https://*.example.com", "no wildcards"},
		{"-origins", "*", "no wildcards"},
		{"-origins", "https://", "not a host"},
		{"-origins", "https://:8001", "not a host"},
		{"-origins", "https://user@example.com", "not a host"},
		{"-origins", "https://example.com:0", "not a port"},
		{"-origins", "https://example.com:65536", "not a port"},
		{"-origins", "https://example.com:http", "not a port"},
		{"-origins", "https://example.com:+80", "not a port"},
		{"-origins", "ws://example.com", `write "http://example.com"`},
		{"-origins", "WSS://example.com:1", `write "https://example.com:1"`},
		{"-origins", "https://::1", "in brackets"},
		{"-origins", "https://bücher.example", "xn--"},
		{"-origins", "1http://example.com", "scheme"},
		{"-origins", "ht_tp://example.com", "scheme"},
		{"-origins", "NULL", `write "null"`},
	} {
		name := list(t, "2\n"+map[string]string{"-hosts": "b.example", "-origins": "null"}[c.flag]+"\n"+c.entry+"\n")
		got, err := readList(c.flag, name)
		if err == nil {
			t.Errorf("%s %s: got the list %q, want an error", c.flag, c.entry, got)
			continue
		}
		if !strings.HasPrefix(err.Error(), c.flag+": "+name+":3: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: got the error %v, want one with the line number and %q", c.flag, c.entry, err, c.want)
		}
	}
}

func TestAnEntryIsReadInTheFormThatClientsSend(t *testing.T) {
	for _, c := range []struct{ flag, entry, want string }{
		{"-hosts", "example.com", "example.com"},
		{"-hosts", "Example.COM.", "example.com"},
		{"-hosts", "localhost", "localhost"},
		{"-hosts", "my_host-1", "my_host-1"},
		{"-hosts", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"-hosts", "127.0.0.1", "127.0.0.1"},
		{"-hosts", "::1", "[::1]"},
		{"-hosts", "[::1]", "[::1]"},
		{"-hosts", "[2001:DB8:0:0:0:0:0:1]", "[2001:db8::1]"},
		{"-hosts", "::ffff:1.2.3.4", "[::ffff:102:304]"},

		{"-origins", "null", "null"},
		{"-origins", "HTTPS://Example.com", "https://example.com"},
		{"-origins", "https://example.com:443", "https://example.com"},
		{"-origins", "http://example.com.:80", "http://example.com"},
		{"-origins", "http://example.com:", "http://example.com"},
		{"-origins", "http://example.com:08001", "http://example.com:8001"},
		{"-origins", "https://example.com:80", "https://example.com:80"},
		{"-origins", "http://[0::1]:8001", "http://[::1]:8001"},
		{"-origins", "chrome-extension://abcdefgh", "chrome-extension://abcdefgh"},
		{"-origins", "app://localhost:1", "app://localhost:1"},
		{"-origins", "file://", "file://"},
	} {
		got, err := readList(c.flag, list(t, "1\n"+c.entry+"\n"))
		if err != nil || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %s: want %s, got %q, %v", c.flag, c.entry, c.want, got, err)
		}
		// A child of forkserv reads what its parent writes with WriteList.
		again, err := readList(c.flag, list(t, string(WriteList(got))))
		if err != nil || len(again) != 1 || again[0] != c.want {
			t.Errorf("%s %s, read again: want %s, got %q, %v", c.flag, c.entry, c.want, again, err)
		}
	}
}
