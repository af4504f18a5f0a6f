package command

import (
	"context"
	"fmt"
	"os"

	"threeloops/tutorials/site/lab"
)

// labEnv is the environment variable that turns the lab off, if its value is “off”. Most tests do so,
// because each would build programs that it doesn't use.
const labEnv = "THREELOOPS_LAB"

// announceLab makes a site say why its lab isn't ready yet.
func announceLab(site string) error {
	why := "The programs of this page will be built in a moment."
	if os.Getenv(labEnv) == "off" {
		why = "The programs of this page aren't built, because go run ./tutorials was started with " + labEnv + "=off."
	}
	root, err := repository()
	if err != nil {
		return err
	}
	return lab.Prepare(root, site, why)
}

// startLab builds the lab of a site in the background, until ctx ends or until the caller
// calls end. end waits until nothing is being built. The site and the servers don't wait for the lab:
// its page says how far it is.
func startLab(ctx context.Context, site string) (end func()) {
	if os.Getenv(labEnv) == "off" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lowPriority()
		if err := buildLab(ctx, site); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "tutorials: the page /lab.html can't run anything: %v\n", err)
		}
	}()
	return func() { cancel(); <-ended }
}

// buildLab builds the lab of a site, with temporary files beside the site.
func buildLab(ctx context.Context, site string) error {
	root, err := repository()
	if err != nil {
		return err
	}
	return lab.Build(ctx, root, site)
}
