package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// elsewhere lists systems without epoll on which a reader may try the course.
var elsewhere = []string{"darwin", "windows"}

// goFor runs the go command in the repository for another system, and returns its output if it
// fails.
func goFor(goos string, args ...string) string {
	cmd := exec.Command("go", args...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=")
	if said, err := cmd.CombinedOutput(); err != nil {
		return err.Error() + "\n" + string(said)
	}
	return ""
}

// The program must compile on systems without Linux's system calls: otherwise it can't tell the
// user what to do.
func TestTheLauncherCompilesForOtherSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for two other systems")
	}
	for _, goos := range elsewhere {
		if said := goFor(goos, "build", "-buildvcs=false", "-o", os.DevNull, "./tutorials"); said != "" {
			t.Errorf("GOOS=%s go build ./tutorials: %s", goos, said)
		}
	}
}

// The pages show Linux programs, whatever system writes the pages.
func TestTheSiteIsWrittenOnOtherSystems(t *testing.T) {
	t.Setenv(labEnv, "on")
	t.Setenv("GOOS", "darwin") // writing the pages asks the go command
	dir, done, err := staticSite()
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	s := httptest.NewServer(staticHandler(dir))
	defer s.Close()
	for path, want := range map[string]string{
		"/":                               "127.0.0.1:8001",
		"/_/style.css":                    "{",
		"/coach.json":                     `{"url":"","why":"This is a copy of the course without its coach`,
		"/_/echo.html":                    "This page does nothing here.",
		"/lab/ready.json":                 "will be built",
		"/chapters/01-one-at-a-time.html": "A server has a page.",
		"/source/epollserv/loop.go.html":  "epoll",
	} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %v, want %q in its %d bytes", path, resp.Status, err, want, len(text))
		}
	}
}
