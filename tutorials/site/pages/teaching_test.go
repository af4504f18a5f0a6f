package pages

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"threeloops/tutorials/site/lab"
)

// The plan of the lessons names examples of the laboratory.
func TestThePlanOfTheLessonsNamesExamples(t *testing.T) {
	text, err := os.ReadFile("../../TEACHING.md")
	if err != nil {
		t.Fatal(err)
	}
	gallery, err := lab.Gallery("../../..")
	if err != nil {
		t.Fatal(err)
	}
	var examples []string
	for _, e := range gallery {
		examples = append(examples, e.Name)
	}
	const lessons = 10 // that show something; the two others are for the projects
	shown := 0
	for line := range strings.Lines(string(text)) {
		names, found := strings.CutPrefix(line, "* Show: ")
		if !found {
			continue
		}
		shown++
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(names, -1) {
			if !slices.Contains(examples, m[1]) {
				t.Errorf("TEACHING.md shows %s, which isn't in the gallery", m[1])
			}
		}
	}
	if shown != lessons {
		t.Errorf("%d lessons show something in the laboratory, want %d", shown, lessons)
	}
}
