package tester

import (
	"io"
	"net"
	"strings"
	"testing"
)

// A server that doesn't set SO_REUSEADDR can't listen on such a port.
func TestAPortWithConnectionsInTimeWaitIsNotFree(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	client, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close() // the side that closes first gets into TIME_WAIT
	io.ReadAll(client)
	client.Close()
	ln.Close()
	if isFree(addr) {
		t.Errorf("isFree(%q) is true, although a connection there is in TIME_WAIT", addr)
	}
	if addr, err := freeAddr((&Options{}).ports()); err != nil || !isFree(addr) {
		t.Errorf("freeAddr returns %q, %v, but that address isn't free", addr, err)
	}
}

// Testers that work at the same time get ranges of their own, so that no two servers get the same port.
func TestTheServersPortIsInTheRange(t *testing.T) {
	o := &Options{FirstPort: 15_100, LastPort: 15_109}
	for range 50 {
		addr, err := freeAddr(o.ports())
		if err != nil || !strings.HasPrefix(addr, "127.0.0.1:1510") {
			t.Fatalf("freeAddr returns %q, %v; want a port from 15100 to 15109", addr, err)
		}
	}
}
