package markdown

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	questionLine = regexp.MustCompile(`(?m)^\d\. \*\*[^*]+[?.]\*\*$`)
	placeLink    = regexp.MustCompile(`\(\[([^\]]+)\]\(chapters/([^/]+)/chapter\.md#([^)]+)\)\)$`)
)

// Each question of a chapter has an answer, and the place that the answer names exists.
func TestTheQuestionsNamePlacesOfTheirChapters(t *testing.T) {
	const each = 5
	text, err := os.ReadFile("../../QUESTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	book, err := Load("../../..", Folder)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n## Chapter ")[1:]
	for _, part := range parts {
		head, body, _ := strings.Cut(part, "\n")
		digits, name, _ := strings.Cut(head, ": ")
		number, err := strconv.Atoi(digits)
		if err != nil {
			t.Errorf("the heading %q has no number", head)
			continue
		}
		answers := 0
		for line := range strings.Lines(body) {
			m := placeLink.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			answers++
			if fault := misplaced(book, number, name, m[2], m[3], m[1]); fault != "" {
				t.Errorf("chapter %d, answer %d: %s", number, answers, fault)
			}
		}
		if n := len(questionLine.FindAllString(body, -1)); n != each || answers != each {
			t.Errorf("chapter %d has %d questions and %d answers with a place, want %d of each", number, n, answers, each)
		}
	}
	if len(parts) < len(book.Chapters) {
		t.Errorf("there are questions for %d chapters, and %d chapters", len(parts), len(book.Chapters))
	}
}

// misplaced says what is wrong with the place of an answer, or "".
func misplaced(book *Book, number int, name, folder, id, title string) string {
	for _, c := range book.Chapters {
		if c.Number != number {
			continue
		}
		here := func(s Section) bool { return s.ID == id && s.Title == title }
		switch {
		case c.Name != folder || c.Title != name:
			return "the chapter is " + c.Name + ", " + c.Title
		case !slices.ContainsFunc(c.Sections, here):
			return "the chapter has no section “" + title + "” with the id " + id
		}
		return ""
	}
	return "" // the chapter isn't written yet
}
