//go:build linux

package transcript

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/tester/guard"
)

// Stage is the environment in which transcripts run.
type Stage struct {
	Dir        string            // the chapter's temporary directory
	Repository string            // the root of the repository
	Path       string            // directories that are searched for programs, before those of PATH
	Ports      map[int]int       // real port of a server, by the port that chapters give
	Pids       []int             // process ids of the servers
	Built      map[string]string // program that "go run" would build, by its package: ./a/b
	Strict     bool              // whether times must be in their ranges
	Limit      time.Duration     // for one command
}

// Fault is a step whose output differs from the chapter.
type Fault struct {
	Line    int    // line of its command
	Message string // one line, which a difference may follow
}

// ErrLacks is the error of a command that can't run on this machine: its program isn't installed, or
// sudo would ask for a password.
var ErrLacks = errors.New("can't run on this machine")

// lack is an ErrLacks that says what is missing.
type lack string

func (l lack) Error() string        { return string(l) }
func (l lack) Is(target error) bool { return target == ErrLacks }

// Run runs the commands of a block one after another, and returns the steps whose output differs.
// recorded is the block with the new output.
func (b *Block) Run(ctx context.Context, s *Stage) (recorded *Block, faults []Fault, err error) {
	recorded = &Block{Line: b.Line, InRepository: b.InRepository}
	dir := s.Dir
	if b.InRepository {
		dir = s.Repository
	}
	for _, step := range b.Steps {
		got, err := s.Output(ctx, dir, step.Command)
		if err != nil {
			return nil, nil, fmt.Errorf("%q: %w", firstLine(step.Command), err)
		}
		now, same := compare(step.Want, got, s.Strict)
		if !same {
			faults = append(faults, Fault{step.Line, fmt.Sprintf("%q prints other lines than the chapter "+
				"shows (-chapter +now):\n%s",
				firstLine(step.Command), difference(step.Want, got, s.Strict))})
			now = s.generalize(now, step.Want)
		}
		recorded.Steps = append(recorded.Steps, Step{Line: step.Line, Command: step.Command, Want: now})
	}
	return recorded, faults, nil
}

// asRoot is at the beginning of each line that needs root's rights.
var asRoot = regexp.MustCompile(`(?m)^sudo `)

// tools are the programs that may be missing, at a place where a command begins: in a line, after a
// pipe, in a loop, or in the words of another shell.
var tools = regexp.MustCompile(`(?m)(?:^|[|;&(]|\b(?:until|while|do|then) )\s*(bash|curl|ss|strace|tcpdump) `)

// lacks returns an ErrLacks if a program of a command isn't installed (its first word, or one of the
// tools), or if the command needs root's rights and can't get them.
func (s *Stage) lacks(command string) error {
	bare := asRoot.ReplaceAllString(strings.TrimSpace(command), "")
	word, _, _ := strings.Cut(bare, " ")
	var words []string
	if !strings.ContainsAny(word, "=/(){}|&;<>$\"'`") {
		words = append(words, word)
	}
	for _, m := range tools.FindAllStringSubmatch(bare, -1) {
		words = append(words, m[1])
	}
	for _, word := range words {
		if !s.succeeds("command -v " + word) {
			return lack(word + " is not installed")
		}
	}
	if bare != strings.TrimSpace(command) && !s.root() && !s.succeeds("sudo -n true") {
		return lack("sudo is not installed, or asks for a password")
	}
	return nil
}

func (s *Stage) succeeds(command string) bool {
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = s.environment()
	return cmd.Run() == nil
}

func (s *Stage) root() bool { return os.Geteuid() == 0 }

// Output runs a command and returns the lines that it prints, with the servers' ports as chapters
// give them. The last line is the exit status unless that is 0.
func (s *Stage) Output(ctx context.Context, dir, command string) ([]string, error) {
	var out bytes.Buffer
	exit, err := s.shell(ctx, dir, command, &out, &out)
	if err != nil {
		return nil, err
	}
	var lines []string
	if text := s.shown(&out); text != "" {
		lines = strings.Split(text, "\n")
	}
	if exit != nil {
		lines = append(lines, "["+exit.String()+"]")
	}
	return lines, nil
}

// Value runs a command and returns what it prints on standard output. It leaves out standard error,
// where programs show their progress, which depends on how long they take. An exit status other
// than 0 is an error.
func (s *Stage) Value(ctx context.Context, dir, command string) (string, error) {
	var out, errs bytes.Buffer
	exit, err := s.shell(ctx, dir, command, &out, &errs)
	switch {
	case err != nil:
		return "", err
	case exit != nil:
		return "", fmt.Errorf("%v: %s", exit, strings.TrimSpace(s.shown(&out)+"\n"+s.shown(&errs)))
	}
	return s.shown(&out), nil
}

// shown returns output in the form that chapters use.
func (s *Stage) shown(b *bytes.Buffer) string {
	return s.translate(strings.TrimSuffix(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n"), true)
}

// shell runs a command. exit is nil if the status is 0.
func (s *Stage) shell(ctx context.Context, dir, command string, out, errs io.Writer) (exit *exec.ExitError,
	err error) {
	if err := s.lacks(command); err != nil {
		return nil, err
	}
	if s.root() { // which needs no sudo, and a small system has none
		command = asRoot.ReplaceAllString(command, "")
	}
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	cmd := exec.Command("sh", "-c", s.built(s.translate(command, false)))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, s.environment(), out, errs
	err = guard.Run(ctx, cmd)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("it was not done after %v", s.Limit)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		return nil, err
	}
	return exit, nil
}

func (s *Stage) environment() []string {
	return append(os.Environ(), "PATH="+s.Path+":"+os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "TMPDIR="+s.Dir)
}

var port = regexp.MustCompile(`\b\d{4,5}\b`)

// translate replaces the ports that chapters give by the servers' real ports, or the other way
// round.
func (s *Stage) translate(text string, back bool) string {
	to := s.Ports
	if back {
		to = make(map[int]int)
		for chapter, real := range s.Ports {
			to[real] = chapter
		}
	}
	return port.ReplaceAllStringFunc(text, func(digits string) string {
		n, _ := strconv.Atoi(digits)
		if other, ok := to[n]; ok {
			return strconv.Itoa(other)
		}
		return digits
	})
}

var goRun = regexp.MustCompile(`\bgo run (\./[\w./-]+)`)

// built replaces "go run" by the program itself, if that was built. So the program starts
// immediately, and no process is between it and the shell.
func (s *Stage) built(command string) string {
	return goRun.ReplaceAllStringFunc(command, func(run string) string {
		if program, ok := s.Built[goRun.FindStringSubmatch(run)[1]]; ok {
			return program
		}
		return run
	})
}

var httpDate = regexp.MustCompile(kinds["date"])

// generalize puts placeholders into new lines for what always differs the next time: dates, and the
// servers' process ids.
func (s *Stage) generalize(lines, known []string) []string {
	var out []string
	for _, l := range lines {
		if !placeholder.MatchString(l) && !slices.Contains(known, l) {
			l = httpDate.ReplaceAllString(l, "{date = $0}")
			for _, pid := range s.Pids {
				l = regexp.MustCompile(fmt.Sprintf(`\b%d\b`, pid)).ReplaceAllString(l, "{pid = $0}")
			}
		}
		out = append(out, l)
	}
	return out
}

// difference shows the expected lines that were not printed, and the lines that were printed in
// their place.
func difference(want, got []string, strict bool) string {
	var b strings.Builder
	i, j := 0, 0
	fits := func(i, j int) bool {
		p, _ := parsePattern(want[i])
		_, ok := p.values(got[j], strict)
		return ok && !isLines(want[i])
	}
	for i < len(want) && j < len(got) && fits(i, j) {
		i, j = i+1, j+1
	}
	endWant, endGot := len(want), len(got)
	for endWant > i && endGot > j && fits(endWant-1, endGot-1) {
		endWant, endGot = endWant-1, endGot-1
	}
	for _, l := range want[i:endWant] {
		b.WriteString("\t-" + l + "\n")
	}
	for _, l := range got[j:endGot] {
		b.WriteString("\t+" + l + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
