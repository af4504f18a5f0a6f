package markdown

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"
)

// A page can list the chapters with their minutes. The sum is theirs.
func TestHours(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"00-a": "# First\n\nAbout 50 minutes.\n\n## The question\n\nWho?\n",
		"01-b": "# Second\n\nAbout 45 minutes.\n\n## The question\n\n**Which one?**\n",
	} {
		if err := os.Mkdir(dir+"/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+name+"/chapter.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page := &Chapter{root: dir, in: "."}
	all, err := page.hours(nil, "")
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d chapters, error %v", len(all), err)
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	writeHours(w, all)
	w.Flush()
	for _, want := range []string{
		`<td>0 <a href="00-a.html">First</a></td><td>Who?</td><td>50</td>`,
		`<td>1 <a href="01-b.html">Second</a></td><td>Which one?</td><td>45</td>`,
		`<td>95, which is 1 hour and 35 minutes</td>`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %s:\n%s", want, b.String())
		}
	}
	if _, err := page.hours([]string{"all"}, ""); err != errHours {
		t.Errorf("a block with a name gives %v", err)
	}
	if _, err := (&Chapter{Numbered: true}).hours(nil, ""); err == nil {
		t.Error("a chapter may have the block")
	}
}
