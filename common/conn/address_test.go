//go:build !sim

package conn

import (
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
