//go:build !linux

package main

import (
	"fmt"
	"runtime"
)

func serve([]string) error {
	return fmt.Errorf("the servers ask the Linux kernel directly (epoll, openat2), and this is %s", runtime.GOOS)
}
