package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
)

// server is a server that can be started by its name.
type server struct {
	about string
	make  func() *parts
}

// servers holds all servers by name. Each mutant's file adds its own.
var servers = map[string]server{
	"line-each":   {"no fault", func() *parts { return base(newLine, each) }},
	"line-fork":   {"no fault", func() *parts { return base(newLine, fork) }},
	"line-loop":   {"no fault", func() *parts { return base(newLine, reactor) }},
	"http-each":   {"no fault", func() *parts { return base(newHTTP, each) }},
	"http-fork":   {"no fault", func() *parts { return base(newHTTP, fork) }},
	"http-loop":   {"no fault", func() *parts { return base(newHTTP, reactor) }},
	"ws-each":     {"no fault", func() *parts { return base(newWebSocket, each) }},
	"ws-fork":     {"no fault", func() *parts { return base(newWebSocket, fork) }},
	"ws-loop":     {"no fault", func() *parts { return base(newWebSocket, reactor) }},
	"shards-each": {"no fault", func() *parts { return newShards().parts }},
	"room-loop":   {"no fault", func() *parts { return newRoom().parts }},
}

// mutant adds a server to servers.
func mutant(name, about string, make func() *parts) struct{} {
	servers[name] = server{about, make}
	return struct{}{}
}

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// start runs the server that the first word names.
func start(args []string) error {
	if len(args) == 0 {
		for _, name := range slices.Sorted(maps.Keys(servers)) {
			fmt.Printf("%-32s  %s\n", name, servers[name].about)
		}
		return nil
	}
	s, ok := servers[args[0]]
	if !ok {
		return fmt.Errorf("there is no server %q: run the command without arguments for a list", args[0])
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	addr := fs.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	isChild := fs.Bool(childFlag[1:], false, "serve the connection that is descriptor 3")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if *isChild {
		return child(s.make())
	}
	return run(s.make(), *addr)
}
