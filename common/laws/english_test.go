package laws

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A passage is a piece of prose: a paragraph, a comment, or a string of a program.
type passage struct {
	path string
	line int // of its beginning
	text string
}

// A pattern is wording that makes students read a sentence twice.
type pattern struct {
	name    string
	instead string
	match   *regexp.Regexp
	fails   bool // else it is counted: a program can't tell whether the sentence is hard to read
}

var patterns = []pattern{
	{"Whoever", "name the actor", wording(`(?i)\bwhoever\b`), true},
	{"Who as the subject of a statement", "name the actor", wording(`(?:^|[.:;!] )Who\b[^.?!]*(?:[.!]|$)`), true},
	{"who without a noun", "name the actor", wording(`\b(?:for|of|to|by|with|from|than|that|and|but|if) who (?:[a-z]+s|[a-z]+ed|can|has|must|will)\b`), true},
	{"anew", "again", wording(`(?i)\banew\b`), true},
	{"for ever", "indefinitely, or: until it ends", wording(`(?i)\bfor ever\b`), true},
	{"at once", "immediately, or: at the same time", wording(`(?i)\bat once\b`), true},
	{"whom", "name the actor", wording(`(?i)\bwhom\b`), true},
	{"shall", "must, or: will", wording(`\bshall\b`), true},
	{"yet to come", "that comes later", wording(`(?i)\byet to come\b`), true},
	{"for as a conjunction", "because", wording(`, for (?:it|they|he|she|we|you|there|this|that|these|nobody|nothing|then)\b`), false},
	{"by now", "already", wording(`(?i)\bby now\b`), false},
	{"all the same", "nevertheless, or: equal", wording(`(?i)\ball the same\b`), false},
	{"behind", "after", wording(`(?i)\bbehind (?:it|them|the (?:message|request|response|reply|frame|header|close))\b`), false},
	{"an inverted condition", "if", wording(`(?:^|[.:;] )(?:Should|Does|Were) [a-z]+ [^.?]*\.`), false},
	{"an archaic word", "a plain one", wording(`(?i)\b(?:hence|thus|thereby|whereby|wherein|albeit|lest|nought|upon|amid)\b`), false},
}

// wording compiles an expression in which a blank is a line break, too.
func wording(expr string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(expr, " ", `\s+`))
}

// TestProseIsPlain fails on wording that is never right in a text for students, and counts what
// a person has to judge: go test -v lists it.
func TestProseIsPlain(t *testing.T) {
	for _, p := range prose(t) {
		for _, rule := range patterns {
			for _, found := range rule.match.FindAllStringIndex(p.text, -1) {
				report := t.Logf
				if rule.fails {
					report = t.Errorf
				}
				line := p.line + strings.Count(p.text[:found[0]], "\n")
				report("%s:%d: %s: write %s: %q", p.path, line, rule.name, rule.instead, around(p.text, found))
			}
		}
	}
}

// TestThePatternsMatch holds each pattern against a sentence that has it and one that is plain.
func TestThePatternsMatch(t *testing.T) {
	for _, c := range []struct{ hard, plain string }{
		{"Whoever waits is served.", "Each client that waits is served."},
		{"It ends. Who waits in vain sleeps.", "Who waits here? A client."},
		{"It is kept for who accepts gzip.", "It asks who accepts gzip."},
		{"The list is made anew.", "The list is made again."},
		{"It waits for\never.", "It waits for every client."},
		{"It ends at once.", "It ends at one o'clock."},
		{"It is unclear whom a crash ends.", "It is unclear which clients a crash ends."},
		{"A server shall answer.", "A server SHALL answer."},
		{"The worst is yet to come.", "The worst comes later."},
	} {
		if n := failures(c.hard); n != 1 {
			t.Errorf("%q: want 1 failure, got %d", c.hard, n)
		}
		if n := failures(c.plain); n != 0 {
			t.Errorf("%q: want no failure, got %d", c.plain, n)
		}
	}
}

func failures(text string) (n int) {
	for _, rule := range patterns {
		if rule.fails && rule.match.MatchString(flowing(text)) {
			n++
		}
	}
	return n
}

// around is what stands near a match, for a report.
func around(text string, at []int) string {
	from, to := max(0, at[0]-30), min(len(text), max(at[0]+50, min(at[1], at[0]+80))+10)
	return strings.ToValidUTF8(strings.Join(strings.Fields(text[from:to]), " "), "")
}

// notProse are files that other people wrote, or a program, and this one, which has the patterns.
var notProse = []string{"LICENSE", "tutorials/chapters/quotes.lock", "common/laws/english_test.go"}

// prose lists all passages of the repository's text files, without what they quote.
func prose(t *testing.T) (all []passage) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		switch {
		case err != nil || slices.Contains(notProse, name):
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, passages(filepath.ToSlash(name), string(text))...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5000 {
		t.Fatalf("only %d passages of prose were found", len(all))
	}
	return all
}

// passages are those of a file, as its name tells the language.
func passages(name, text string) []passage {
	switch filepath.Ext(name) {
	case ".go":
		return goPassages(name, text)
	case ".md":
		return paragraphs(name, withoutCode(text))
	case ".txt", ".html", ".js", ".mjs", ".css", ".svg", ".c", ".h", ".trace", "":
		return paragraphs(name, text)
	}
	return nil
}

// goPassages are the comments of a Go file, and its strings, which are mostly messages.
func goPassages(name, text string) (all []passage) {
	fset := token.NewFileSet()
	file := fset.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, []byte(text), nil, scanner.ScanComments)
	last := 0 // the line on which the last comment stood
	for {
		pos, kind, lit := s.Scan()
		line := fset.Position(pos).Line
		switch kind {
		case token.EOF:
			return all
		case token.STRING:
			if said, err := strconv.Unquote(lit); err == nil {
				all = append(all, passage{name, line, flowing(said)})
			}
		case token.COMMENT:
			said := strings.TrimPrefix(lit, "//")
			if last > 0 && line == last+1 {
				all[len(all)-1].text += "\n" + said
			} else {
				all = append(all, passage{name, line, said})
			}
			last = line
		}
		if n := len(all); n > 0 && kind != token.COMMENT && line > last {
			all[n-1].text = flowing(withoutQuotes(all[n-1].text))
			last = 0
		}
	}
}

// paragraphs are what blank lines part, and rows of a table.
func paragraphs(name, text string) (all []passage) {
	line := 1
	for _, block := range regexp.MustCompile(`\n(?:\s*\n|\||[-*] )`).Split(text, -1) {
		all = append(all, passage{name, line, flowing(withoutQuotes(block))})
		line += strings.Count(block, "\n") + 1
	}
	return all
}

var (
	codeBlock  = regexp.MustCompile("(?m)^(?:    |\t).*$|^>.*$")
	fenced     = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	quotedText = regexp.MustCompile(`"[^"\n]*"|“[^”]*”`)
	leader     = regexp.MustCompile(`(?m)^[\t ]*(?:///?|#|\*)?[\t ]*`)
)

// withoutCode blanks a Markdown text's code and block quotes, and keeps its lines.
func withoutCode(text string) string {
	keep := func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }
	text = fenced.ReplaceAllStringFunc(text, keep)
	return codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(text, ""), "x")
}

func withoutQuotes(text string) string { return quotedText.ReplaceAllString(text, "x") }

// flowing takes away what begins a comment's lines, and blank lines before it.
func flowing(text string) string { return strings.TrimSpace(leader.ReplaceAllString(text, "")) }
