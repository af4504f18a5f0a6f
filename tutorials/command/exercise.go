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

// startExercise copies the exercise of a chapter into a directory that the reader chooses.
func startExercise(args []string) error {
	fs := newFlags("start", "N DIR\nN: the number of a chapter. DIR: the directory for your copy, outside of "+
		"the repository.")
	root, e, words, err := choose(fs, args, 2)
	if err != nil {
		return err
	}
	if len(words) < 2 || words[1] == "" {
		return misuse("name a directory for your copy, outside of the repository: %s start %d %s",
			me(root), e.Number, e.Place())
	}
	kept, err := progress.Open()
	if err != nil {
		return err
	}
	if err := kept.Writable(); err != nil { // before the copy, which could not be found again without that
		return err
	}
	dir, err := e.Copy(root, words[1])
	switch before := kept.Exercise(e.Number); {
	case errors.Is(err, exercise.ErrFull) && sameDir(before, words[1]):
		return fmt.Errorf("your copy is already in %s: go on with %s test %d, or name another directory to start again",
			before, me(root), e.Number)
	case err != nil:
		return err
	}
	if err := kept.Started(e.Number, dir); err != nil {
		return fmt.Errorf("your copy is in %s, but that could not be saved: %w; remove the copy before you "+
			"start again", dir, err)
	}
	begin(os.Stdout, root, dir, e)
	return nil
}

// sameDir reports whether two names mean the same existing directory.
func sameDir(a, b string) bool {
	one, err1 := os.Stat(a)
	other, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && one.IsDir() && os.SameFile(one, other)
}

// begin prints what the exercise is about, and what to type next.
func begin(w io.Writer, root, dir string, e *exercise.Exercise) {
	n, me := e.Number, anywhere(root) // the reader will type the commands in the directory of the copy
	task := "It has one fault: find it, and fix it"
	if e.Complete {
		task = "A part of it is missing: write this part"
	}
	fmt.Fprintf(w, "Chapter %d: %s\n\n%s\n\n", n, e.Title, termtext.Text(e.Symptom))
	fmt.Fprint(w, termtext.Fold(fmt.Sprintf("Your copy of the program is in %s. %s there. "+
		"The copy is yours; nothing in this repository depends on it.", dir, task)), "\n\n")
	for _, c := range [][2]string{
		{fmt.Sprintf("%s test %d", me, n), "tests the program with badly behaved clients; type this after each change"},
		{fmt.Sprintf("%s hint %d", me, n), fmt.Sprintf("shows the first of %d hints", len(e.Hints))},
		{fmt.Sprintf("go -C %s run .", shell(dir)), "runs the program on 127.0.0.1:9000, so that you can try " +
			"it; Ctrl-C ends it"},
	} {
		fmt.Fprintf(w, "    %s\n        %s\n", c[0], c[1])
	}
	fmt.Fprint(w, "\n", termtext.Fold(fmt.Sprintf("You can also write the program in another language: %s "+
		"test %d -server \"python3 $PWD/my.py {port}\" "+
		"tests any program.", me, n)), "\n")
	if above := exercise.Workspace(dir); above != "" {
		fmt.Fprint(w, "\n", termtext.Fold(fmt.Sprintf("The copy lies below the workspace of %s, which doesn't "+
			"include it. So "+
			"the copy has its own go.work, and it builds.", above)), "\n")
	}
	if set := os.Getenv("GOWORK"); set != "" && set != "off" {
		fmt.Fprintf(w, "\nYour shell sets GOWORK to %s: unset it before you build the copy yourself.\n", set)
	}
}

// hintExercise shows the next hint or, with -all, all hints.
func hintExercise(args []string) error {
	fs := newFlags("hint", "N [-all]\nN: the number of a chapter. Each call shows the next hint.")
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
		fmt.Printf("That was the last of %d hints. To read them again, type:\n    %s hint %d -all\n"+
			"To read %s, type:\n    %s diff %d\n", last, me(root), e.Number, e.Answer(), me(root), e.Number)
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

// diffExercise shows how the reader's program differs from the correct one, and explains the fault.
func diffExercise(args []string) error {
	fs := newFlags("diff", "N [DIR]\nN: the number of a chapter. DIR: the directory of your program, if it "+
		"isn't the one that you gave to start.")
	root, e, words, err := choose(fs, args, 2)
	if err != nil {
		return err
	}
	var dir string
	if len(words) == 2 {
		if dir = words[1]; !isDir(dir) {
			return fmt.Errorf("there is no directory %s: name the one with your program, or leave the name "+
				"out if it is where start copied it",
				dir)
		}
	} else if dir, err = started(root, e); err != nil {
		return err
	}
	changes, err := e.Diff(dir)
	ours := filepath.Join(markdown.Folder, e.Name, e.Sound, "main.go")
	switch {
	case errors.Is(err, exercise.ErrNoGo):
		fmt.Printf("There are no Go files in %s to compare; our program is %s.\n", dir, ours)
	case err != nil:
		return err
	case changes == "":
		fmt.Printf("Your program has the same lines as ours, %s.\n", ours)
	default:
		if coloured(os.Stdout) {
			changes = termtext.Coloured(changes)
		}
		fmt.Printf("Lines with - are yours; lines with + are ours, from %s.\n\n%s", ours, changes)
	}
	answer := e.Answer()
	fmt.Printf("\n%s%s\n\n%s\n", strings.ToUpper(answer[:1]), answer[1:], termtext.Text(e.Explanation))
	return nil
}

// choose parses a command line whose first word is the number of a chapter. It returns that
// chapter's exercise and all words, at most so many.
func choose(fs *flag.FlagSet, args []string, most int) (
	root string, e *exercise.Exercise, words []string, err error) {
	if words, err = parseWords(fs, args, most); err != nil {
		return "", nil, nil, err
	}
	root, e, err = chosen(fs.Name(), words)
	return root, e, words, err
}

// chosen returns the exercise of the chapter whose number is the first word.
func chosen(command string, words []string) (root string, e *exercise.Exercise, err error) {
	root, err = repository()
	if err != nil {
		return "", nil, err
	}
	all, faults := exercise.Load(root, markdown.Folder)
	if len(words) == 0 {
		fmt.Fprintf(os.Stderr, "tutorials: name a chapter by its number: %s %s N\n", me(root), command)
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

// noExercise returns an error that names the chapters with exercises.
func noExercise(number int, all []*exercise.Exercise) error {
	var others []string
	for _, e := range all {
		others = append(others, strconv.Itoa(e.Number))
	}
	if others == nil {
		others = []string{"none"}
	}
	return fmt.Errorf("chapter %d has no exercise; these chapters have one: %s", number, strings.Join(others, ", "))
}

// started returns the directory of the reader's copy.
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
		return "", fmt.Errorf("your exercise of chapter %d was in %s, which no longer exists; to start again, type: %s",
			e.Number, dir, again)
	}
	return dir, nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// me returns the command that runs this program from the shell's directory. After “go -C” that
// differs from the working directory.
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

// anywhere returns the command that runs this program from any directory.
func anywhere(root string) string { return "go -C " + shell(root) + " run ./tutorials" }

// shell quotes a word if a shell would not read it as it is.
func shell(word string) string {
	plain := func(c rune) bool {
		return strings.ContainsRune("/._-+:,@%", c) || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	if strings.ContainsFunc(word, func(c rune) bool { return !plain(c) }) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
