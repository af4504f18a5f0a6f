package markdown

import (
	"strings"
	"testing"
)

func TestALongChapterSaysWhereToTakeABreak(t *testing.T) {
	const fault = "so write \"This is a good place for a break.\" between two of its parts"
	for _, c := range []struct {
		about, text string
		wants       bool
	}{
		{"45 minutes", "About 45 minutes.\n\nWords.\n", false},
		{"46 minutes", "About 46 minutes.\n\nWords.\n", true},
		{"46 minutes and a break", "About 46 minutes.\n\nThis is a good place for a break.\n", false},
		{"a break with more words", "About 46 minutes.\n\nThis is a good place for a break, if you like.\n", false},
		{"a break in the middle of a paragraph", "About 46 minutes.\n\nWords. This is a good place for a break.\n", true},
	} {
		_, err := parseIn(t, map[string]string{"01-long/chapter.md": "# Long\n\n" + c.text}, "01-long/chapter.md")
		if got := err != nil && strings.Contains(err.Error(), fault); got != c.wants {
			t.Errorf("%s: got %v", c.about, err)
		}
	}
}
