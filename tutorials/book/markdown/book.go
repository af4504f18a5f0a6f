package markdown

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"threeloops/tutorials/book/exercise"
)

// Folder is where the chapters are, in the repository.
const Folder = "tutorials/chapters"

// textFile is a chapter's text, in the chapter's folder.
const textFile = "chapter.md"

// Book is all chapters and pages.
type Book struct {
	Chapters       []*Chapter // by number
	Pages          []*Chapter // without number, by name
	Misconceptions []Misconception
	Glossary       []*Term // in the order of the file
}

// Misconception is what many believe, and the chapter that has to meet it.
type Misconception struct {
	Text   string
	Number int
	In     *Chapter // nil: that chapter isn't written yet
	Belief Belief   // as it stands there
}

// Load reads the book in a folder of the repository at root. The error, if any, has a line for each
// thing that is wrong; the book is complete but for these.
func Load(root, folder string) (*Book, error) {
	entries, err := os.ReadDir(root + "/" + folder)
	if err != nil {
		return nil, err
	}
	b := new(Book)
	var faults []error
	for _, e := range entries {
		file := folder + "/" + e.Name()
		switch {
		case e.IsDir() && exists(root+"/"+file+"/"+textFile):
			file += "/" + textFile
		case e.IsDir() || !strings.HasSuffix(e.Name(), ".md") || e.Name() == "README.md", e.Name() == glossaryFile:
			continue
		}
		c, err := Parse(root, file)
		if err != nil {
			faults = append(faults, err)
		}
		switch {
		case c == nil:
		case c.Number > 0:
			b.Chapters = append(b.Chapters, c)
		default:
			b.Pages = append(b.Pages, c)
		}
	}
	if _, err := exercise.Load(root, folder); err != nil {
		faults = append(faults, err)
	}
	if err := b.readMisconceptions(root, folder+"/misconceptions.txt"); err != nil {
		faults = append(faults, err)
	}
	if err := b.readGlossary(root, folder+"/"+glossaryFile); err != nil {
		faults = append(faults, err)
	}
	return b, errors.Join(faults...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// All returns the pages, then the chapters.
func (b *Book) All() []*Chapter { return append(b.Pages[:len(b.Pages):len(b.Pages)], b.Chapters...) }

// readMisconceptions reads the list, and compares it with what the chapters meet. Each line has the number
// of a chapter, the word “planned” if that chapter isn't written yet, and what is believed.
func (b *Book) readMisconceptions(root, path string) error {
	text, err := os.ReadFile(root + "/" + path)
	if err != nil {
		return err
	}
	var faults []error
	line := 0
	for l := range strings.Lines(string(text)) {
		line++
		if strings.HasPrefix(l, "#") || strings.TrimSpace(l) == "" {
			continue
		}
		digits, belief, _ := strings.Cut(strings.TrimSpace(l), " ")
		var m Misconception
		if m.Number, err = strconv.Atoi(digits); err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: a line is a chapter's number and what is believed", path, line))
			continue
		}
		var planned bool
		m.Text, planned = strings.CutPrefix(belief, "planned ")
		written := b.meet(&m)
		switch {
		case written != nil && planned:
			faults = append(faults, fmt.Errorf("%s:%d: %s is written: take “planned” away", path, line, written.Path))
		case written == nil && !planned:
			faults = append(faults, fmt.Errorf("%s:%d: there is no chapter %d: write “%[3]d planned %[4]s” until there is",
				path, line, m.Number, m.Text))
		case written != nil && m.In == nil:
			faults = append(faults, fmt.Errorf("%s:%d: %s does not meet %q", path, line, written.Path, m.Text))
		}
		b.Misconceptions = append(b.Misconceptions, m)
	}
	return errors.Join(append(faults, b.unlisted(path)...)...)
}

// meet finds who meets m: its chapter, which it returns if it is written.
func (b *Book) meet(m *Misconception) (written *Chapter) {
	for _, c := range b.Chapters {
		if c.Number != m.Number {
			continue
		}
		written = c
		for _, belief := range c.Beliefs {
			if belief.Text == m.Text {
				m.In, m.Belief = c, belief
			}
		}
	}
	return written
}

// unlisted returns what chapters meet that the list doesn't give them.
func (b *Book) unlisted(path string) (faults []error) {
	for _, c := range b.All() {
	beliefs:
		for _, belief := range c.Beliefs {
			for _, m := range b.Misconceptions {
				if m.In == c && m.Text == belief.Text {
					continue beliefs
				}
			}
			faults = append(faults, c.fault(belief.Line,
				fmt.Errorf("%s does not give this chapter %q", path, belief.Text)))
		}
	}
	return faults
}
