//go:build !linux

package main

import (
	"fmt"
	"runtime"
)

func serve([]string) error          { return notHere() }
func runChapter([]string) error     { return notHere() }
func loadCommand([]string) error    { return notHere() }
func compareCommand([]string) error { return notHere() }
func verifyChapters([]string) error { return notHere() }

// Only Linux has workers of the load, and the yardstick.
func worker() {}

func notHere() error {
	return fmt.Errorf("the servers ask the Linux kernel directly (epoll, openat2), and this is %s", runtime.GOOS)
}
