//go:build linux

package verify

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine describes, in a few words, the machine that runs the measurements.
func Machine() string {
	model := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for l := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	version, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
	return fmt.Sprintf("%s, %d processors, Linux %s", model, runtime.NumCPU(), version)
}
