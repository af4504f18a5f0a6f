package tester

import (
	"io"
	"net"
	"testing"
)

// A server that doesn't set SO_REUSEADDR could not listen there.
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
	server.Close() // the side that closes first has the connection in TIME_WAIT
	io.ReadAll(client)
	client.Close()
	ln.Close()
	if isFree(addr) {
		t.Errorf("%s has a connection in TIME_WAIT, and is said to be free", addr)
	}
	if addr, err := freeAddr(); err != nil || !isFree(addr) {
		t.Errorf("freeAddr gives %s, %v, which is not free", addr, err)
	}
}
