package tester

import (
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The three servers pass every check of a web server and of a WebSocket server.
func TestOurServersPass(t *testing.T) {
	dir := t.TempDir()
	models := []string{"forkserv", "pollserv", "epollserv"}
	args := []string{"build", "-buildvcs=false", "-o", dir}
	for _, m := range models {
		args = append(args, "./"+m)
	}
	build := exec.Command("go", args...)
	build.Dir = "../.."
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	var all sync.WaitGroup
	defer all.Wait()
	for _, m := range models {
		all.Go(func() {
			t.Run(m, func(t *testing.T) {
				results, err := Run(t.Context(), Options{
					Server: filepath.Join(dir, m) + " -head-timeout 4s",
					Kinds:  []string{"http", "ws"}, Last: 99, Path: "/", WSPath: "/echo",
					Patience: 10 * time.Second, Wait: 30 * time.Second,
				}, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					if r.Verdict != OK {
						t.Errorf("%s %s: %s: %s", r.Kind, r.Check, r.Verdict, r.Why)
					}
				}
			})
		})
	}
}
