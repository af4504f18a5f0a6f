package command

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The development container forwards the ports of the three servers and of the coach, and starts them.
func TestTheDevelopmentContainerStartsTheCourse(t *testing.T) {
	text, err := os.ReadFile("../../.devcontainer/devcontainer.json")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Image             string
		ForwardPorts      []int
		PostAttachCommand string
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	want := []int{chapterBase - 1, chapterBase, chapterBase + 1, chapterBase + 2}
	if diff := cmp.Diff(want, c.ForwardPorts); diff != "" {
		t.Errorf("forwarded ports (-want +got):\n%s", diff)
	}
	if c.PostAttachCommand != "go run ./tutorials" || c.Image == "" {
		t.Errorf("the container starts %q in image %q", c.PostAttachCommand, c.Image)
	}
}
