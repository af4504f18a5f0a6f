package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"threeloops/tutorials/book/markdown"
)

// Chapter 0 is a chapter, although 0 is false in a template.
func TestChapterZeroIsAChapter(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	at := filepath.Join(root, "chapters", "00-sockets")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "# Sockets\n\nAbout 40 minutes.\n\n## The question\n\nWhat is a socket?\n\n## Remember\n\nIt is an end.\n"
	if err := os.WriteFile(filepath.Join(at, "chapter.md"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := markdown.Parse(root, "chapters/00-sockets/chapter.md") // err: the other sections are missing
	if c == nil {
		t.Fatal(err)
	}
	if title(c) != "0. Sockets" || title(&markdown.Chapter{Title: "A page"}) != "A page" {
		t.Errorf("the titles are %q and %q", title(c), title(&markdown.Chapter{Title: "A page"}))
	}
	s := &site{dir: dir, root: root, book: &markdown.Book{Chapters: []*markdown.Chapter{c}}}
	if err := s.chapters(); err != nil {
		t.Fatal(err)
	}
	for file, wanted := range map[string][]string{
		"chapters/00-sockets.html": {`data-chapter="0"`, `src="/reading.js"`, `id="finished"`, `class="tick"`},
		"chapters/index.html":      {"Start with chapter 0", `data-chapter="0"`, "0. Sockets"},
		"course.json":              {`"number":0`},
	} {
		page, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s lacks %s", file, want)
			}
		}
	}
}
