package simulation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threeloops/common/simtest"
	"threeloops/common/simulation/gallery"
)

const drawnScenario = `at 1s A connects
at 2s A sends "hello"
at 3s B1..B2 connect
at 5s the process of A is killed
at 7s SIGKILL
`

// told writes each event of a picture in a few words.
func told(p *picture) (all []string) {
	for _, e := range p.Events {
		text := fmt.Sprintf("%v %s: %s", e.Time, e.Lane, e.Action)
		if e.Call != "" {
			text += fmt.Sprint(e.Call, " ", *e.Result, e.Errno)
		}
		if e.Began != nil {
			text += fmt.Sprint(" since ", *e.Began)
		}
		all = append(all, text)
	}
	return all
}

// A picture has each call in the lane of its process or client, each action once, and knows how long calls
// waited and which descriptions belong together.
func TestDrawRun(t *testing.T) {
	target := simtest.Target{Name: "echoing", Main: echoing}
	p := drawRun(target, parse(t, drawnScenario))
	all := told(p)
	for _, want := range []string{
		"1s A: A connects", "1s A: connect -1EINPROGRESS", "1s echoing: accept4 5 since 0s", "2s A: write 5",
		"2s echoing: read 4 since 1s", "2s child 1: execve 0", "3s kernel: B1..B2 connect", "3s echoing: accept4 5 since 2s",
		"5s kernel: the process of A is killed",
	} {
		if n := len(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s != want })); n != 1 {
			t.Errorf("want once %q, got it %d times in\n%s", want, n, strings.Join(all, "\n"))
		}
	}
	var names []string
	for _, l := range p.Lanes {
		names = append(names, l.Kind+" "+l.Name)
	}
	if want := []string{"process echoing", "client A", "process child 1", "client B1", "client B2"}; !slices.Equal(names, want) {
		t.Errorf("got the lanes %q, want %q", names, want)
	}
	var client, server uint64
	for _, e := range p.Events {
		if e.Lane == "A" && e.Call == "socket" {
			client = e.NewFile
		}
		if e.Call == "accept4" && server == 0 {
			server = e.NewFile
		}
	}
	if client == 0 || p.Pairs[client] != server || p.Pairs[server] != client {
		t.Errorf("A's socket is %d, the server's %d; want them paired in %v", client, server, p.Pairs)
	}
}

// The flag -pictures writes what drawRun returns.
func TestPicturesAreWritten(t *testing.T) {
	e := &Example{Example: gallery.Example{Name: "small", Scenario: drawnScenario}}
	target := simtest.Target{Name: "echoing", Main: echoing}
	e.draw(t, target) // without the flag nothing happens
	*pictures = t.TempDir()
	defer func() { *pictures = "" }()
	e.draw(t, target)
	text, err := os.ReadFile(filepath.Join(*pictures, "echoing-small.json"))
	if err != nil {
		t.Fatal(err)
	}
	var p picture
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	if want := told(drawRun(target, parse(t, drawnScenario))); !slices.Equal(told(&p), want) {
		t.Errorf("got %q, want %q", told(&p), want)
	}
}
