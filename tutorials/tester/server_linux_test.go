package tester

import (
	"io"
	"net"
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
	if addr, err := freeAddr(); err != nil || !isFree(addr) {
		t.Errorf("freeAddr returns %q, %v, but that address isn't free", addr, err)
	}
}
