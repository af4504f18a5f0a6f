package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/standing"
	"threeloops/tutorials/learner/termtext"
)

// siteAt is where a reader finds the site if the servers run with their usual ports.
const siteAt = "http://127.0.0.1:8003"

// progressFlags are the flags of the command progress.
type progressFlags struct {
	json, forget, yes bool
	finish            int
}

// showProgress says where the reader stands in the course.
func showProgress(args []string) error {
	var o progressFlags
	fs := newFlags("progress", "[flags]\nShows what you have done in each chapter, how much is left, and what to do next.")
	fs.BoolVar(&o.json, "json", false, "print it as a JSON object")
	fs.IntVar(&o.finish, "finish", 0, "say that you have finished the chapter with this `number`")
	fs.BoolVar(&o.forget, "forget", false, "remove your saved progress, to start the course again; your copies of exercises stay")
	fs.BoolVar(&o.yes, "yes", false, "with -forget: don't ask first")
	if err := parse(fs, args); err != nil {
		return err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case given["yes"] && !o.forget:
		return misuse("progress -yes answers the question of -forget: type it together with -forget")
	case o.forget && (o.json || given["finish"]), o.json && given["finish"]:
		return misuse("progress takes only one of -finish, -forget and -json")
	case o.forget:
		return forget(os.Stdin, os.Stdout, o.yes)
	}
	root, err := repository()
	if err != nil {
		return err
	}
	course, err := courseOf(root)
	if err != nil {
		return err
	}
	course.Program = me(root)
	file, err := progress.Open()
	switch {
	case err != nil:
		return err
	case given["finish"]:
		return finish(course, file, o.finish)
	}
	now := course.Standing(file.State())
	if o.json {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(now)
	}
	printStanding(os.Stdout, now)
	return nil
}

// courseOf returns what there is to do. It ignores faults in chapters.
func courseOf(root string) (standing.Course, error) {
	book, err := markdown.Load(root, markdown.Folder)
	if book == nil {
		return standing.Course{}, err
	}
	return standing.Of(root, book), nil
}

// finish saves that the reader has finished a chapter, as the box at the end of its page does.
func finish(course standing.Course, file *progress.File, number int) error {
	for _, c := range course.Chapters {
		if c.Number != number {
			continue
		}
		if err := file.Finish(number, true); err != nil {
			return err
		}
		fmt.Printf("You have finished chapter %d, “%s”.\n\n", number, c.Title)
		printNext(os.Stdout, course.Standing(file.State()).Next)
		return nil
	}
	if len(course.Chapters) == 0 {
		return errors.New("there are no chapters")
	}
	first, last := course.Chapters[0].Number, course.Chapters[len(course.Chapters)-1].Number
	return misuse("there is no chapter %d: progress -finish takes a number from %d to %d", number, first, last)
}

// printStanding prints a table of the chapters, the projects, the totals, and what to do next.
func printStanding(w io.Writer, s standing.Standing) {
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  chapter\tpredictions\texperiments\texercise")
	for _, c := range s.Chapters {
		fmt.Fprintf(t, "%s %d  %s\t%s\t%s\t%s\n", tick(c.Finished), c.Number, c.Title, predictionsWord(c.Predictions),
			some(c.Experiments.Run, c.Experiments.All), exerciseWord(c.Exercise))
	}
	t.Flush()
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	for _, p := range s.Projects {
		fmt.Fprintf(w, "%s project %d, “%s”: %s\n", tick(p.Done), p.Number, p.Title, projectWord(p.Project))
	}
	fmt.Fprintln(w, "\n✓ means that you have finished it.")
	printStopped(w, s.Chapters)
	printTotals(w, s)
	printNext(w, s.Next)
}

func tick(done bool) string {
	if done {
		return "✓"
	}
	return " "
}

func projectWord(p progress.Project) string {
	switch {
	case p.Done:
		return "finished"
	case p.Checks > 0:
		return fmt.Sprintf("%d of %d checks passed the last time", p.Passed, p.Checks)
	}
	return "not begun"
}

func predictionsWord(p standing.Predictions) string {
	if p.Made == 0 {
		return some(0, p.All)
	}
	return fmt.Sprintf("%s, %d right", some(p.Made, p.All), p.Right)
}

// some says how many of all are done. It returns “-” if there is none.
func some(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", n, all)
}

func exerciseWord(e *standing.ExerciseStanding) string {
	if e == nil {
		return "-"
	}
	var words []string
	switch {
	case e.Solved:
		words = append(words, "solved")
	case e.Started:
		words = append(words, "started")
	}
	if e.Hints > 0 { // also without a copy: the hints need none
		words = append(words, counted(e.Hints, "hint"))
	}
	return strings.Join(words, ", ")
}

// counted writes a number with a noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printStopped says where the reader has stopped in chapters that aren't finished.
func printStopped(w io.Writer, all []standing.ChapterStanding) {
	var places []string
	for _, c := range all {
		if c.Stopped != nil && !c.Finished {
			places = append(places, fmt.Sprintf("in chapter %d at “%s”", c.Number, c.Stopped.Title))
		}
	}
	if places != nil {
		fmt.Fprintf(w, "\n%s\n", termtext.Fold("You stopped "+strings.Join(places, ", ")+"."))
	}
}

func printTotals(w io.Writer, s standing.Standing) {
	var finished, made, right, predictions, run, experiments, solved, exercises int
	for _, c := range s.Chapters {
		if c.Finished {
			finished++
		}
		made, right, predictions = made+c.Predictions.Made, right+c.Predictions.Right, predictions+c.Predictions.All
		run, experiments = run+c.Experiments.Run, experiments+c.Experiments.All
		if c.Exercise != nil {
			exercises++
			if c.Exercise.Solved {
				solved++
			}
		}
	}
	fmt.Fprintf(w, "\n%s\n", termtext.Fold(fmt.Sprintf("Chapters finished: %d of %d. Predictions made: %d of %d, right: %d. "+
		"Experiments run: %d of %d. Exercises solved: %d of %d.", finished, len(s.Chapters), made, predictions, right,
		run, experiments, solved, exercises)))
	switch {
	case s.Minutes.Done == 0:
		fmt.Fprintf(w, "The course takes about %s.\n\n", duration(s.Minutes.Left))
	case s.Minutes.Left == 0:
		fmt.Fprintf(w, "That took other readers about %s.\n\n", duration(s.Minutes.Done))
	default:
		fmt.Fprintf(w, "That took other readers about %s. About %s are left.\n\n", duration(s.Minutes.Done),
			duration(s.Minutes.Left))
	}
}

// duration writes minutes as a reader would say them.
func duration(minutes int) string {
	hours, rest := minutes/60, minutes%60
	switch {
	case hours == 0:
		return counted(rest, "minute")
	case rest == 0:
		return counted(hours, "hour")
	}
	return counted(hours, "hour") + " " + counted(rest, "minute")
}

// printNext prints one command, or one address.
func printNext(w io.Writer, next standing.Next) {
	fmt.Fprintf(w, "%s\n", termtext.Fold("Next: "+next.What))
	switch {
	case next.Command != "":
		fmt.Fprintf(w, "    %s\n", next.Command)
	case next.URL != "":
		fmt.Fprintf(w, "    %s%s\n", siteAt, next.URL)
		fmt.Fprintln(w, termtext.Fold("The address works while the servers run: go run ./tutorials"))
	}
}

// forget removes the progress file, after a question unless sure is true.
func forget(in io.Reader, out io.Writer, sure bool) error {
	path, err := progress.Path()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(out, "There is nothing to forget: %s doesn't exist.\n", path)
		return nil
	}
	kept := copies()
	if !sure {
		fmt.Fprintf(out, "Remove your progress, %s?\nType yes, or press Enter to keep it: ", path)
		s := bufio.NewScanner(in)
		s.Scan()
		if answer := strings.TrimSpace(s.Text()); !strings.EqualFold(answer, "yes") {
			fmt.Fprintln(out, "\nNothing was removed.")
			return s.Err()
		}
	}
	switch removed, err := progress.Forget(); {
	case err != nil:
		return fmt.Errorf("can't remove your progress: %w", err)
	case !removed:
		fmt.Fprintf(out, "There was nothing to forget: somebody else has removed %s.\n", path)
		return nil
	}
	fmt.Fprintf(out, "Removed %s. The course begins again.\n", path)
	if kept != nil {
		fmt.Fprintf(out, "Your copies of the exercises are still there:\n    %s\n", strings.Join(kept, "\n    "))
	}
	return nil
}

// copies returns the directories of the reader's exercises that exist.
func copies() (dirs []string) {
	file, err := progress.Open()
	if err != nil {
		return nil // the file is damaged; the reader may still remove it
	}
	exercises := file.State().Exercises
	for _, chapter := range slices.Sorted(maps.Keys(exercises)) {
		if dir := exercises[chapter]; isDir(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
