package progress

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A project stays done when a later version of the server fails.
func TestAProjectStaysDone(t *testing.T) {
	place(t)
	f := open(t)
	for _, c := range []struct {
		passed int
		want   Project
	}{{14, Project{14, 15, false}}, {15, Project{15, 15, true}}, {3, Project{3, 15, true}}} {
		if err := f.Judged(1, c.passed, 15); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[int]Project{1: c.want}, open(t).Projects()); diff != "" {
			t.Errorf("after %d of 15 checks (-want +got):\n%s", c.passed, diff)
		}
	}
	if err := f.Judged(2, 0, 0); err != nil || f.Projects()[2].Done {
		t.Errorf("a project without checks is done, or the error is %v", err)
	}
}
