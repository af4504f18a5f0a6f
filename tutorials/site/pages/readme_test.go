package pages

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"threeloops/tutorials/book/markdown"
)

// README's list of chapters has the titles, links, questions and minutes of the chapters themselves.
func TestTheReadmeListsTheChapters(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	book, err := markdown.Load("../../..", markdown.Folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Chapters) < 8 {
		t.Fatalf("got %d chapters", len(book.Chapters))
	}
	for _, c := range book.Chapters {
		row := fmt.Sprintf("\n| %d | [%s](tutorials/chapters/%s/chapter.md) | %s | %d |\n",
			c.Number, c.Title, c.Name, c.Question(), c.Minutes)
		if !strings.Contains(string(text), row) {
			t.Errorf("README.md lacks the row %s", row)
		}
	}
}
