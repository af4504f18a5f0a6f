package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/termtext"
)

// startExercise copies the exercise of a chapter to where the reader likes.
func startExercise(args []string) error {
	fs := newFlags("start", "N DIR\nN: the chapter. DIR: where your copy is to lie, outside of the repository.")
	root, e, words, err := choose(fs, args, 2)
	if err != nil {
		return err
	}
	if len(words) < 2 || words[1] == "" {
		return misuse("say, too, where your copy is to lie, outside of the repository: %s start %d %s",
			me(root), e.Number, e.Place())
	}
	kept, err := progress.Open()
	if err != nil {
		return err
	}
	if err := kept.Writable(); err != nil { // before there is a copy that nobody knows
		return err
	}
	dir, err := e.Copy(root, words[1])
	switch before := kept.Exercise(e.Number); {
	case errors.Is(err, exercise.ErrFull) && sameDir(before, words[1]):
		return fmt.Errorf("your copy is in %s already: go on with %s test %d, or name another directory to begin anew",
			before, me(root), e.Number)
	case err != nil:
		return err
	}
	if err := kept.Started(e.Number, dir); err != nil {
		return fmt.Errorf("your copy is in %s, but that could not be noted: %w; remove it before you start again", dir, err)
	}
	begin(os.Stdout, root, dir, e)
	return nil
}

// sameDir reports whether two names are of one directory, which is there.
func sameDir(a, b string) bool {
	one, err1 := os.Stat(a)
	other, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && one.IsDir() && os.SameFile(one, other)
}

// begin says what the exercise is, and what to type next.
func begin(w io.Writer, root, dir string, e *exercise.Exercise) {
	n, me := e.Number, anywhere(root) // the reader goes to the copy, and types it there
	fmt.Fprintf(w, "Chapter %d: %s\n\n%s\n\n", n, e.Title, termtext.Text(e.Symptom))
	fmt.Fprint(w, termtext.Fold(fmt.Sprintf("Your copy of the program is in %s. One thing in it is wrong: find it, "+
		"and mend it there. The copy is yours; nothing here depends on it.", dir)), "\n\n")
	for _, c := range [][2]string{
		{fmt.Sprintf("%s test %d", me, n), "which clients it serves badly; again after each change"},
		{fmt.Sprintf("%s hint %d", me, n), fmt.Sprintf("the first of %d hints", len(e.Hints))},
		{fmt.Sprintf("go -C %s run .", shell(dir)), "it runs on 127.0.0.1:9000, to be tried; Ctrl-C ends it"},
	} {
		fmt.Fprintf(w, "    %s\n        %s\n", c[0], c[1])
	}
	fmt.Fprint(w, "\n", termtext.Fold(fmt.Sprintf("In another language? %s test %d -server \"python3 $PWD/my.py {port}\" "+
		"tests any program.", me, n)), "\n")
	if above := exercise.Workspace(dir); above != "" {
		fmt.Fprint(w, "\n", termtext.Fold(fmt.Sprintf("The workspace of %s lies above it and doesn't know it; "+
			"the copy has a go.work of its own, so that it builds.", above)), "\n")
	}
	if set := os.Getenv("GOWORK"); set != "" && set != "off" {
		fmt.Fprintf(w, "\nGOWORK is set to %s here: unset it before you build the copy yourself.\n", set)
	}
}

// hintExercise shows one more hint, or all.
func hintExercise(args []string) error {
	fs := newFlags("hint", "N [-all]\nN: the chapter.")
	all := fs.Bool("all", false, "show all hints")
	root, e, _, err := choose(fs, args, 1)
	if err != nil {
		return err
	}
	kept, err := progress.Open()
	if err != nil {
		return err
	}
	first, last := kept.Hints(e.Number), len(e.Hints)
	switch {
	case *all:
		first = 0
	case first >= last:
		fmt.Printf("That was the last of %d hints. To see them again:\n    %s hint %d -all\n"+
			"To see what was wrong:\n    %s diff %d\n", last, me(root), e.Number, me(root), e.Number)
		return nil
	default:
		last = first + 1
	}
	for i, text := range e.Hints[first:last] {
		if i > 0 {
			fmt.Println()
		}
		fmt.Printf("hint %d of %d\n\n%s\n", first+i+1, len(e.Hints), termtext.Text(text))
	}
	for kept.Hints(e.Number) < last {
		if _, err := kept.Hint(e.Number); err != nil {
			return err
		}
	}
	return nil
}

// diffExercise shows how the reader's program differs from the sound one, and says what was wrong.
func diffExercise(args []string) error {
	fs := newFlags("diff", "N [DIR]\nN: the chapter. DIR: where your program is, if not where start laid it.")
	root, e, words, err := choose(fs, args, 2)
	if err != nil {
		return err
	}
	var dir string
	if len(words) == 2 {
		if dir = words[1]; !isDir(dir) {
			return fmt.Errorf("there is no directory %s: say where your program is, or nothing if it is where start laid it",
				dir)
		}
	} else if dir, err = started(root, e); err != nil {
		return err
	}
	changes, err := e.Diff(dir)
	ours := filepath.Join(markdown.Folder, e.Name, e.Sound, "main.go")
	switch {
	case errors.Is(err, exercise.ErrNoGo):
		fmt.Printf("There is no Go in %s to compare; our program is %s.\n", dir, ours)
	case err != nil:
		return err
	case changes == "":
		fmt.Printf("Your program is ours, line for line: %s.\n", ours)
	default:
		if coloured(os.Stdout) {
			changes = termtext.Coloured(changes)
		}
		fmt.Printf("Lines with - are yours, lines with + are ours, of %s.\n\n%s", ours, changes)
	}
	fmt.Printf("\nWhat was wrong\n\n%s\n", termtext.Text(e.Explanation))
	return nil
}

// choose reads a command line whose first word is a chapter's number, and returns that chapter's exercise
// and all of at most so many words.
func choose(fs *flag.FlagSet, args []string, most int) (
	root string, e *exercise.Exercise, words []string, err error) {
	if words, err = parseWords(fs, args, most); err != nil {
		return "", nil, nil, err
	}
	root, e, err = chosen(fs.Name(), words)
	return root, e, words, err
}

// chosen finds the exercise of the chapter that the first word names.
func chosen(command string, words []string) (root string, e *exercise.Exercise, err error) {
	root, err = repository()
	if err != nil {
		return "", nil, err
	}
	all, faults := exercise.Load(root, markdown.Folder)
	if len(words) == 0 {
		fmt.Fprintf(os.Stderr, "tutorials: say the number of a chapter: %s %s N\n", me(root), command)
		for _, e := range all {
			fmt.Fprintf(os.Stderr, "%4d  %s\n", e.Number, e.Title)
		}
		return "", nil, errUsage
	}
	number, err := strconv.Atoi(words[0])
	if err != nil {
		return "", nil, misuse("%s takes the number of a chapter, not %q: %[3]s %[1]s 1", command, words[0], me(root))
	}
	for _, e := range all {
		if e.Number == number {
			return root, e, nil
		}
	}
	return root, nil, errors.Join(faults, noExercise(number, all))
}

// noExercise says which chapters have one.
func noExercise(number int, all []*exercise.Exercise) error {
	var others []string
	for _, e := range all {
		others = append(others, strconv.Itoa(e.Number))
	}
	if others == nil {
		others = []string{"none"}
	}
	return fmt.Errorf("chapter %d has no exercise; those that have one: %s", number, strings.Join(others, ", "))
}

// started returns where the reader's copy lies.
func started(root string, e *exercise.Exercise) (dir string, err error) {
	kept, err := progress.Open()
	if err != nil {
		return "", err
	}
	again := fmt.Sprintf("%s start %d %s", me(root), e.Number, e.Place())
	dir = kept.Exercise(e.Number)
	if dir == "" {
		return "", fmt.Errorf("you haven't started the exercise of chapter %d; type: %s", e.Number, again)
	}
	if !isDir(dir) {
		return "", fmt.Errorf("your exercise of chapter %d was in %s, which is gone; to begin anew, type: %s",
			e.Number, dir, again)
	}
	return dir, nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// me is how this program is called from the shell's directory. After “go -C” that isn't the working directory.
func me(root string) string {
	dir, err := os.Getwd()
	if shells := os.Getenv("PWD"); shells != "" && !sameDir(shells, root) {
		return anywhere(root)
	}
	if err == nil && sameDir(dir, root) {
		return "go run ./tutorials"
	}
	return anywhere(root)
}

// anywhere is how this program is called from any directory.
func anywhere(root string) string { return "go -C " + shell(root) + " run ./tutorials" }

// shell quotes a word for a shell if it needs that.
func shell(word string) string {
	plain := func(c rune) bool {
		return strings.ContainsRune("/._-+:,@%", c) || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	if strings.ContainsFunc(word, func(c rune) bool { return !plain(c) }) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
