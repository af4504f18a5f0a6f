package markdown

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"threeloops/tutorials/book/exercise"
)

// Folder is the folder of the chapters in the repository.
const Folder = "tutorials/chapters"

// textFile is the name of a chapter's text in the chapter's folder.
const textFile = "chapter.md"

// limitsFile is the name of the list of what the chapters simplify, in the folder above theirs.
const limitsFile = "LIMITS.md"

// Book holds all chapters and pages.
type Book struct {
	Chapters       []*Chapter // sorted by number
	Pages          []*Chapter // without a number, sorted by name
	Misconceptions []Misconception
	Glossary       []*Term // in the order of the file
}

// Misconception is something that many believe, and the chapter that must correct it.
type Misconception struct {
	Text   string
	Number int
	In     *Chapter // nil if that chapter isn't written
	Belief Belief   // the misconception in that chapter
}

// Load reads the book in a folder of the repository at root. The error has a line for each fault.
// The book is complete except for the faults.
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
		case c.Numbered:
			b.Chapters = append(b.Chapters, c)
		default:
			b.Pages = append(b.Pages, c)
		}
	}
	// What the chapters simplify is a page, too, so that they can link to it.
	if file := path.Dir(folder) + "/" + limitsFile; exists(root + "/" + file) {
		c, err := Parse(root, file)
		if err != nil {
			faults = append(faults, err)
		}
		b.Pages = append(b.Pages, c)
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

// All returns the pages, and then the chapters.
func (b *Book) All() []*Chapter { return append(b.Pages[:len(b.Pages):len(b.Pages)], b.Chapters...) }

// readMisconceptions reads the list, and compares it with the misconceptions in the chapters. Each
// line has the number of a chapter, the word “planned” if that chapter isn't written, and the
// misconception.
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
			faults = append(faults, fmt.Errorf("%s:%d: a line must be a chapter's number and a "+
				"misconception", path, line))
			continue
		}
		var planned bool
		m.Text, planned = strings.CutPrefix(belief, "planned ")
		written := b.meet(&m)
		switch {
		case written != nil && planned:
			faults = append(faults, fmt.Errorf("%s:%d: %s is written: remove “planned”", path, line, written.Path))
		case written == nil && !planned:
			faults = append(faults, fmt.Errorf("%s:%d: there is no chapter %d: write “%[3]d planned %[4]s” "+
				"until it is written",
				path, line, m.Number, m.Text))
		case written != nil && m.In == nil:
			faults = append(faults, fmt.Errorf("%s:%d: %s doesn't correct %q", path, line, written.Path, m.Text))
		}
		b.Misconceptions = append(b.Misconceptions, m)
	}
	return errors.Join(append(faults, b.unlisted(path)...)...)
}

// meet finds the text in m's chapter that corrects m. It returns the chapter if that is written.
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

// unlisted returns an error for each misconception in a chapter that the list doesn't have for it.
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
				fmt.Errorf("%s doesn't list %q for this chapter", path, belief.Text)))
		}
	}
	return faults
}
