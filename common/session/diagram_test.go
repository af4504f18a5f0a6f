package session

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the diagram into ARCHITECTURE.md")

const (
	architecture = "../../ARCHITECTURE.md"
	diagramBegin = "```mermaid\n"
	diagramEnd   = "```\n"
)

// The diagram in ARCHITECTURE.md is made from the table, so it is always correct.
func TestTheDiagramIsDrawnFromTheTable(t *testing.T) {
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), diagramBegin)
	drawn, after, ok2 := strings.Cut(rest, diagramEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no mermaid block", architecture)
	}
	if *update {
		all := before + diagramBegin + diagram() + diagramEnd + after
		if err := os.WriteFile(architecture, []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(diagram(), drawn); diff != "" {
		t.Errorf("the diagram differs from the table; update it with go test ./common/session -update:\n%s", diff)
	}
}

// diagram draws the table as a state diagram. It leaves out the event failed, which leads from
// every phase to over.
func diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> fresh\n")
	for from := phase(0); from < phases; from++ {
		labels := map[phase][]string{}
		for t := event(0); t < failed; t++ {
			if to := transitions[from][t]; to != never {
				labels[to] = append(labels[to], eventNames[t])
			}
		}
		for to := phase(0); to < phases; to++ {
			if l := labels[to]; l != nil {
				fmt.Fprintf(&b, "    %v --> %v: %s\n", from, to, strings.Join(l, " / "))
			}
		}
	}
	b.WriteString("    over --> [*]\n")
	return b.String()
}
