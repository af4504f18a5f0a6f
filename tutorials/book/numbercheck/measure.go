//go:build linux

package numbercheck

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"threeloops/tutorials/book/transcript"
)

// Measure runs the commands and returns the number, or the ratio, that the condition is about.
func (c *Check) Measure(ctx context.Context, s *transcript.Stage) (float64, error) {
	values := make(map[string]float64)
	for _, v := range c.Values {
		got, err := s.Value(ctx, s.Repository, v.Command)
		if err != nil {
			return 0, fmt.Errorf("%q: %w", v.Command, err)
		}
		n, err := number(got)
		if err != nil {
			return 0, fmt.Errorf("%q: %w", v.Command, err)
		}
		values[v.Name] = n
	}
	if c.Want.Per == "" {
		return values[c.Want.Value], nil
	}
	if values[c.Want.Per] == 0 {
		return 0, fmt.Errorf("%s is 0", c.Want.Per)
	}
	return values[c.Want.Value] / values[c.Want.Per], nil
}

var printed = regexp.MustCompile(`^(-?\d[\d,]*(?:\.\d+)?) ?(ns|us|µs|ms|s)?$`)

// number parses the output of a command.
func number(text string) (float64, error) {
	m := printed.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, fmt.Errorf("it printed %.200q, want one number", text)
	}
	unit := map[string]float64{"": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}[m[2]]
	n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
	return n * unit, err
}
