package transcript

import (
	"fmt"
	"slices"
	"strings"
)

// Block is a console block of a chapter.
type Block struct {
	Line         int  // number of its first line
	InRepository bool // whether it runs in the repository, not in the chapter's temporary directory
	Steps        []Step
}

// Step is a command, and the output that the chapter expects.
type Step struct {
	Line    int
	Command string   // each continuation is a further line
	Want    []string // the expected lines
}

// Parse parses a block. line is the number of its first line, and words are those after "console"
// in its info string.
func Parse(text string, line int, words []string) (*Block, error) {
	b := &Block{Line: line}
	for _, w := range words {
		if w != "repository" {
			return nil, fmt.Errorf("unknown word %q after \"console\": only \"repository\" may stand there", w)
		}
		b.InRepository = true
	}
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		n := len(b.Steps)
		command, begins := strings.CutPrefix(l, "$ ")
		more, continues := strings.CutPrefix(l, "> ")
		switch {
		case begins:
			b.Steps = append(b.Steps, Step{Line: line + i, Command: command})
		case n == 0:
			return nil, fmt.Errorf("a console block must begin with a command: \"$ ...\"")
		case continues && b.Steps[n-1].Want == nil:
			b.Steps[n-1].Command += "\n" + more
		default:
			if _, err := parsePattern(l); err != nil {
				return nil, err
			}
			b.Steps[n-1].Want = append(b.Steps[n-1].Want, l)
		}
	}
	return b, nil
}

// String returns the block as a chapter has it.
func (b *Block) String() string {
	var s strings.Builder
	for _, step := range b.Steps {
		s.WriteString("$ " + strings.ReplaceAll(step.Command, "\n", "\n> ") + "\n")
		for _, l := range step.Want {
			s.WriteString(l + "\n")
		}
	}
	return s.String()
}

// compare compares the output with the expected lines. recorded are the lines to write into the
// chapter: expected lines that were printed, with their values, and new lines.
func compare(want, got []string, strict bool) (recorded []string, same bool) {
	best := make([][]int, len(want)+1)
	for i := range best {
		best[i] = make([]int, len(got)+1)
	}
	fits := func(i, j int) bool {
		p, _ := parsePattern(want[i])
		_, ok := p.values(got[j], strict)
		return ok
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if isLines(want[i]) || fits(i, j) {
				best[i][j] = max(best[i][j], best[i+1][j+1]+1)
			}
		}
	}
	same = matches(want, got, fits)
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && isLines(want[i]):
			recorded = append(recorded, want[i])
			i++
			for j < len(got) && (i == len(want) || !fits(i, j)) {
				j++
			}
		case i < len(want) && j < len(got) && fits(i, j):
			p, _ := parsePattern(want[i])
			values, _ := p.values(got[j], strict)
			recorded = append(recorded, p.with(values))
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && best[i+1][j] >= best[i][j+1]:
			i++
		default:
			recorded = append(recorded, got[j])
			j++
		}
	}
	return recorded, same
}

// matches reports whether got as a whole matches want as a whole.
func matches(want, got []string, fits func(i, j int) bool) bool {
	reach := make([]bool, len(got)+1) // reach[j] says whether the lines of want so far match got[:j]
	reach[0] = true
	for i := range want {
		next := make([]bool, len(got)+1)
		for j := range got {
			next[j+1] = reach[j] && !isLines(want[i]) && fits(i, j)
		}
		if isLines(want[i]) {
			first := slices.Index(reach, true)
			for j := max(first, 0); first >= 0 && j <= len(got); j++ {
				next[j] = true
			}
		}
		reach = next
	}
	return reach[len(got)]
}

// Recorded reports whether each placeholder has a recorded value.
func (b *Block) Recorded() bool {
	for _, step := range b.Steps {
		for _, l := range step.Want {
			p, _ := parsePattern(l)
			for _, h := range p.holes {
				if h.recorded == "" {
					return false
				}
			}
		}
	}
	return true
}
