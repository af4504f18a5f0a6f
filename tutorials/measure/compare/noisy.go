package compare

import (
	"fmt"
	"strings"

	"threeloops/tutorials/measure/load"
)

// From where on a machine counts as noisy: parts of a measurement's time, and of its median.
const (
	muchSteal   = 0.05
	muchForeign = 0.10
	muchSpread  = 0.15
)

// Noisy says what of a report can't be relied upon, a line for each table; nothing if the machine was quiet.
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
		add(worst.steal > muchSteal, "%.0f %% of the time was stolen by the machine's host", 100*worst.steal)
		add(worst.foreign > muchForeign, "others used up to %.0f %% of the server's processor", 100*worst.foreign)
		add(worst.spread > muchSpread, "rounds are spread by up to %.0f %% of the median", 100*worst.spread)
		add(worst.load > load.TooBusy, "the load was the limit of messages/s, though not of CPU per message")
		if len(said) > 0 {
			lines = append(lines, t.Title+": "+strings.Join(said, "; "))
		}
	}
	return lines
}
