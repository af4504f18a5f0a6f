package inmemory

import (
	"fmt"
	"strings"

	"threeloops/common/app"
	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// NewConfig makes of a server's flags what a server makes of them. root, if it isn't nil, has the
// files below the root. The Config has an application of its own.
func NewConfig(flags []string, root app.FS) (*session.Config, error) {
	cfg := new(session.Config)
	rest, err := tracetest.Configure(cfg, flags)
	if err != nil {
		return nil, err
	}
	board := make(stat.Board, 1)
	given := byte(0)
	bus := hub.NewLocal()
	o := app.Options{
		Name: "core", Board: board, Bus: bus, MaxMessage: cfg.MaxMessage,
		Random:   func(p []byte) { given++; p[0] = given },
		Loopback: true, Host: "127.0.0.1", Legacy: cfg.Legacy, FS: root,
	}
	for _, flag := range rest {
		name, entries, list := SplitList(flag)
		switch strings.TrimLeft(name, "-") {
		case "hosts":
			o.Hosts = entries
		case "origins":
			o.Origins = entries
		case "origin-required":
			o.OriginRequired, list = true, true
		default:
			list = false
		}
		if !list {
			return nil, fmt.Errorf("the core has no flag %s", flag)
		}
	}
	served := app.New(o)
	bus.Attach(served)
	cfg.App, cfg.Stat = served, &board[0]
	return cfg, nil
}

// ListPrefix begins the value of a flag that names a file with a list, in place of the file: the entries
// follow, with commas between them.
const ListPrefix = "list:"

// SplitList returns the flag's name and the entries of its list. ok is false if the flag has no list.
func SplitList(flag string) (name string, entries []string, ok bool) {
	name, value, _ := strings.Cut(flag, "=")
	value, ok = strings.CutPrefix(value, ListPrefix)
	return name, strings.Split(value, ","), ok
}
