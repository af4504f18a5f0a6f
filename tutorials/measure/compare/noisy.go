package compare

import (
	"fmt"
	"strings"

	"threeloops/tutorials/measure/load"
)

// Above these limits a measurement counts as noisy. They are parts of its time, and of its median.
const (
	muchSteal   = 0.05
	muchForeign = 0.10
	muchSpread  = 0.15
)

// Noisy says why parts of a report are unreliable, in one line per table. It returns nil if the
// machine was quiet.
func (r *Report) Noisy() (lines []string) {
	for _, t := range r.Tables {
		var worst struct{ steal, foreign, spread, load float64 }
		for _, row := range t.Rows {
			var steal, foreign []float64
			for _, s := range row.Samples {
				steal, foreign = append(steal, s.Noise.Steal), append(foreign, s.Noise.Foreign)
			}
			worst.steal = max(worst.steal, SpreadOf(steal).Mid)
			worst.foreign = max(worst.foreign, SpreadOf(foreign).Mid)
			worst.spread = max(worst.spread, row.Sums[CPU].Relative())
			worst.load = max(worst.load, row.Sums[LoadBusy].Mid)
		}
		var said []string
		add := func(much bool, form string, args ...any) {
			if much {
				said = append(said, fmt.Sprintf(form, args...))
			}
		}
		add(worst.steal > muchSteal, "the machine's host took %.0f %% of the time for other machines", 100*worst.steal)
		add(worst.foreign > muchForeign, "other programs used up to %.0f %% of the server's processor", 100*worst.foreign)
		add(worst.spread > muchSpread, "the middle half of the rounds is up to %.0f %% of the "+
			"median wide", 100*worst.spread)
		add(worst.load > load.TooBusy, "the load generator was slower than the server, so messages/s is too "+
			"low (CPU time per message is not affected)")
		if len(said) > 0 {
			lines = append(lines, t.Title+": "+strings.Join(said, "; "))
		}
	}
	return lines
}
