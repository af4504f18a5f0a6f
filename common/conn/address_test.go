package conn

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestSplitAddress(t *testing.T) {
	type address struct {
		host string
		port uint16
	}
	for addr, want := range map[string]address{
		"127.0.0.1:80": {"127.0.0.1", 80}, "[::1]:80": {"::1", 80}, ":65535": {"", 65535}, "[fe80::1%lo]:0": {"fe80::1%lo", 0},
	} {
		if host, port, err := SplitAddress(addr); (address{host, port}) != want || err != nil {
			t.Errorf("%s: got %q, %d, %v", addr, host, port, err)
		}
	}
	for _, addr := range []string{
		"", "80", "::1:80", "[::1:80", "::1]:80", "[[::1]]:80", "http://localhost:80",
		"name:", "name:http", ":65536", ":-1", ":+1",
	} {
		if host, port, err := SplitAddress(addr); err == nil || !strings.Contains(err.Error(), strconv.Quote(addr)) {
			t.Errorf("%q: want an error that quotes it, got %q, %d, %v", addr, host, port, err)
		}
	}
}

func TestResolve(t *testing.T) {
	hosts := filepath.Join(t.TempDir(), "hosts")
	text := "# 10.0.0.9 ann\n::1 ann six\n10.0.0.1\tAnn bob # eve\n10.0.0.2 ann\nnonsense cat\n::1 dog\n::ffff:10.0.0.3 dog\n"
	if err := os.WriteFile(hosts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"ann": "10.0.0.1", "BOB": "10.0.0.1", "six": "::1", "dog": "10.0.0.3",
		"localhost": "127.0.0.1", "10.1.2.3": "10.1.2.3",
		"::ffff:10.1.2.3": "10.1.2.3", "fe80::1%lo": "fe80::1%lo",
	} {
		if ip, err := resolve(hosts, host); err != nil || ip.String() != want {
			t.Errorf("%s: want %s, got %v, %v", host, want, ip, err)
		}
	}
	if ip, err := resolve(hosts, ""); err != nil || ip != (netip.Addr{}) {
		t.Errorf("an empty host: want no address, got %v, %v", ip, err)
	}
	for _, host := range []string{"eve", "cat", "10.0.0.1", "1.2.3"} {
		if ip, err := resolve(hosts, host); err == nil && ip.String() != host || err != nil && !strings.Contains(err.Error(), host) {
			t.Errorf("%s: want the address itself, or an error that names the host; got %v, %v", host, ip, err)
		}
	}
}

func TestZoneID(t *testing.T) {
	for zone, want := range map[string]uint32{"": 0, "lo": 1, "1": 1} {
		if n, err := zoneID(zone); n != want || err != nil {
			t.Errorf("zone %q: got %d, %v, want %d", zone, n, err, want)
		}
	}
	if n, err := zoneID("nowhere"); err == nil {
		t.Errorf("an interface that doesn't exist: want an error, got number %d", n)
	}
}
