package pages

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"threeloops/tutorials/book/markdown"
)

// README's list of chapters has the titles, links and minutes that the chapters themselves have.
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
	for i, c := range book.Chapters {
		begins := fmt.Sprintf("| %d | [%s](tutorials/chapters/%s/chapter.md) | ", i+1, c.Title, c.Name)
		ends := fmt.Sprintf(" | %d |\n", c.Minutes)
		_, row, found := strings.Cut(string(text), begins)
		if row, _, _ = strings.Cut(row, "\n"); !found || !strings.HasSuffix(row+"\n", ends) {
			t.Errorf("README.md has no row that begins %q and ends %q", begins, ends)
		}
	}
}
