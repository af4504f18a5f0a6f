//go:build !linux

package main

import (
	"fmt"
	"runtime"
)

func serve([]string) error       { return notHere() }
func loadCommand([]string) error { return notHere() }

// Only Linux has workers of the load.
func worker() {}

func notHere() error {
	return fmt.Errorf("the servers ask the Linux kernel directly (epoll, openat2), and this is %s", runtime.GOOS)
}
