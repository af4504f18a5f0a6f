//go:build linux

package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// limitsPath is the list of simplifications in the chapters and their programs.
const limitsPath = "tutorials/LIMITS.md"

// limitsHead holds the columns of the list's table.
var limitsHead = []string{"Where", "Simpler than the truth", "Shown by"}

// programs are those with which a command that shows a limit may begin.
var programs = []string{
	"go", "forkserv", "pollserv", "epollserv", "curl", "nc", "ss", "ps", "strace", "ls", "cat", "grep", "diff",
	"printf", "echo", "head", "seq", "sh", "bash", "python3", "sysctl", "ulimit", "kill", "wc",
}

var (
	assignment = regexp.MustCompile(`^[A-Z_]+=`)
	inChapters = regexp.MustCompile(`(?i)\bchapters? \d+((, | and )\d+)*( \(planned\))?`)
	digits     = regexp.MustCompile(`\d+`)
	inCode     = regexp.MustCompile("`([^`]+)`")
	inPlace    = regexp.MustCompile("`([^`]+)`|\\]\\(([^)]+)\\)")
	testName   = regexp.MustCompile(`\b(?:Test|Example|Fuzz|Benchmark)[A-Z]\w*`)
	testFunc   = regexp.MustCompile(`(?m)^func (\w+)\(`)
	goPackage  = regexp.MustCompile(`^\./\S*$`)
)

// Limits checks tutorials/LIMITS.md in the repository at root. Each row of its table must name
// places that exist: chapters by their numbers, files in their folders as code, or paths from the
// root, from tutorials or from tutorials/chapters. And each row must name a test, a command or a
// file that shows the limit. The error has a line for each fault. It wraps fs.ErrNotExist if the
// file doesn't exist.
func Limits(root string) error {
	text, err := os.ReadFile(filepath.Join(root, limitsPath))
	if err != nil {
		return err
	}
	tests, err := testsOf(root)
	if err != nil {
		return err
	}
	var faults []error
	number, rows := 0, 0
	for l := range strings.Lines(string(text)) {
		number++
		cells := cellsOf(l)
		if cells == nil || slices.Equal(cells, limitsHead) || strings.Trim(strings.Join(cells, ""), "-: ") == "" {
			continue
		}
		rows++
		if err := checkLimit(root, cells, tests); err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", limitsPath, number, err))
		}
	}
	if rows == 0 {
		faults = append(faults, fmt.Errorf("%s:1: the table is missing: | %s |",
			limitsPath, strings.Join(limitsHead, " | ")))
	}
	return errors.Join(faults...)
}

// cellsOf splits a row of a table. It returns nil if the line isn't a row.
func cellsOf(line string) (cells []string) {
	line = strings.TrimSpace(strings.ReplaceAll(line, `\|`, "\x00")) // an escaped | belongs to a cell
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|")))
	}
	return cells
}

func checkLimit(root string, cells []string, tests map[string]bool) error {
	if len(cells) != len(limitsHead) {
		return fmt.Errorf("a row must have the cells %s, not %d cells", strings.Join(limitsHead, ", "), len(cells))
	}
	for i, cell := range cells {
		if cell == "" {
			return fmt.Errorf("the cell %q is empty", limitsHead[i])
		}
	}
	for _, cell := range cells[1:] {
		if _, err := chaptersIn(root, cell); err != nil {
			return err
		}
	}
	if err := checkWhere(root, cells[0]); err != nil {
		return err
	}
	return checkShown(root, cells[2], tests)
}

// checkWhere checks the chapters that a cell names, and the places that it names as code or as
// links.
func checkWhere(root, cell string) error {
	folders, err := chaptersIn(root, cell)
	if err != nil {
		return err
	}
	places := inPlace.FindAllStringSubmatch(cell, -1)
	if len(folders)+len(places) == 0 {
		return fmt.Errorf("%q names no place: write “chapter 2”, a path as `code`, or a link", cell)
	}
	for _, m := range places {
		place := m[1] + m[2]
		missing := func(folder string) bool { return !exists(root, folder+"/"+place) }
		if !exists(root, place) && (len(folders) == 0 || slices.ContainsFunc(folders, missing)) {
			return fmt.Errorf("there is no %s", place)
		}
	}
	return nil
}

// chaptersIn returns the folders of the chapters that a cell names. A chapter that doesn't exist
// must be marked as planned, and one that exists must not be.
func chaptersIn(root, cell string) (folders []string, err error) {
	for _, list := range inChapters.FindAllString(cell, -1) {
		planned := strings.HasSuffix(list, "(planned)")
		for _, number := range digits.FindAllString(list, -1) {
			n, _ := strconv.Atoi(number)
			// Only a chapter's folder contains server, so the pattern matches no other entry with
			// that number.
			found, err := filepath.Glob(fmt.Sprintf("%s/tutorials/chapters/%02d-*/server", root, n))
			switch there := err == nil && len(found) == 1; {
			case there && planned:
				return nil, fmt.Errorf("chapter %s exists: remove “(planned)”", number)
			case there:
				folders = append(folders, filepath.Base(filepath.Dir(found[0])))
			case !planned:
				return nil, fmt.Errorf("there is no chapter %s; if it is planned, write “chapter %[1]s "+
					"(planned)”", number)
			}
		}
	}
	return folders, nil
}

// checkShown checks all tests, commands and files that a cell names. The cell may have other words
// as code, but must name at least one of these.
func checkShown(root, cell string, tests map[string]bool) error {
	names := testName.FindAllString(cell, -1)
	for _, name := range names {
		if !tests[name] {
			return fmt.Errorf("there is no test %s", name)
		}
	}
	shown := len(names)
	for _, m := range inCode.FindAllStringSubmatch(cell, -1) {
		words := strings.Fields(m[1])
		for len(words) > 1 && assignment.MatchString(words[0]) {
			words = words[1:]
		}
		isFile := len(words) == 1 && strings.Contains(words[0], "/") && words[0][0] != '/'
		switch {
		case len(words) == 0 || len(words) == 1 && testName.MatchString(words[0]):
			continue
		case isFile && !exists(root, words[0]):
			return fmt.Errorf("there is no %s", words[0])
		case isFile || slices.Contains(programs, words[0]):
			shown++
		case len(words) > 1:
			return fmt.Errorf("`%s` isn't a command of a known program", m[1])
		}
		for _, word := range words[1:] {
			if words[0] == "go" && goPackage.MatchString(word) && !exists(root, strings.TrimSuffix(word, "/...")) {
				return fmt.Errorf("`%s`: there is no %s", m[1], word)
			}
		}
	}
	if shown == 0 {
		return fmt.Errorf("%q must name a test, or a command or a file as `code`", cell)
	}
	return nil
}

// exists reports whether a path names something in the repository.
func exists(root, place string) bool {
	place, _, _ = strings.Cut(place, "#")
	if !filepath.IsLocal(place) {
		return false
	}
	return slices.ContainsFunc([]string{"", "tutorials", "tutorials/chapters"}, func(folder string) bool {
		_, err := os.Stat(filepath.Join(root, folder, place))
		return err == nil
	})
}

// testsOf returns the names of all tests in the repository.
func testsOf(root string) (map[string]bool, error) {
	all := make(map[string]bool)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(text, -1) {
			all[string(m[1])] = true
		}
		return err
	})
	return all, err
}
