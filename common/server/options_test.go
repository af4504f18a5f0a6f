package server

import (
	"bytes"
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/session"
)

var model = Model{
	Name: "testserv", About: "a server for tests", Addr: "127.0.0.1:8009",
	Flags: func(fs *flag.FlagSet, o *Options) {
		fs.IntVar(&o.Prefork, "prefork", 0, "children")
		fs.IntVar(&o.MaxChildren, "max-children", 512, "serving children")
		fs.IntVar(&o.Loops, "loops", 1, "loops")
	},
}

func TestDefaults(t *testing.T) {
	got, err := parse(&model, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Options{
		Addr: "127.0.0.1:8009", Ports: 1, Backlog: 4096,
		MaxMessage: 16 << 20, MaxBody: 1 << 20, MaxHead: 16 << 10, Compress: session.DeflateOn,
		HeadTimeout: 10 * time.Second, IdleTimeout: time.Minute, WriteTimeout: 30 * time.Second,
		CloseTimeout: 5 * time.Second, Grace: 10 * time.Second,
		NoDelay: true, More: true, LogLevel: "info", LogFormat: "text", MaxChildren: 512, Loops: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("an empty command line (-want +got):\n%s", diff)
	}
}

func TestEveryFlagSetsItsOption(t *testing.T) {
	line := strings.Fields(`-addr [::1]:7000 -ports 2 -backlog 1 -root /r -max-conns 5 -max-per-ip 4 -max-memory 5MiB
		-max-message 1GiB -max-body 3 -max-head=2KiB -compress takeover -head-timeout 1ms -idle-timeout 2s -write-timeout 3m
		-close-timeout 4h -grace 5s -hosts h -origins o -origin-required -nodelay=false -more=false -defer-accept 6
		-lifeline 3 -log debug -log-format json -prefork 7 -max-children 8 -loops 2 -legacy -console -demo`)
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	new(Options).define(fs, &model)
	fs.VisitAll(func(f *flag.Flag) {
		named := func(word string) bool { return word == "-"+f.Name || strings.HasPrefix(word, "-"+f.Name+"=") }
		if !slices.ContainsFunc(line, named) {
			t.Errorf("this test doesn't set -%s", f.Name)
		}
	})
	got, err := parse(&model, line, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Options{
		Addr: "[::1]:7000", Ports: 2, Backlog: 1, Root: "/r", MaxConns: 5, MaxPerIP: 4, MaxMemory: 5 << 20,
		MaxMessage: 1 << 30, MaxBody: 3, MaxHead: 2 << 10, Compress: session.DeflateTakeover,
		HeadTimeout: time.Millisecond, IdleTimeout: 2 * time.Second, WriteTimeout: 3 * time.Minute,
		CloseTimeout: 4 * time.Hour, Grace: 5 * time.Second, HostsFile: "h", OriginsFile: "o",
		OriginRequired: true, DeferAccept: 6, Lifeline: 3, LogLevel: "debug", LogFormat: "json",
		Prefork: 7, MaxChildren: 8, Loops: 2, Legacy: true, Console: true, Demo: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all flags (-want +got):\n%s", diff)
	}
}

func TestValidFlagsAreAccepted(t *testing.T) {
	for _, line := range []string{
		"-addr :80", "-addr localhost:65535", "-addr 0.0.0.0:1", "-addr [fe80::1%lo]:7",
		"-addr 127.0.0.1:65530 -ports 6",
		"-demo", "-demo -addr localhost:1", "-demo -addr 127.8.8.8:0", "-demo -addr [::1]:1",
		"-max-head 64", "-compress off", "-compress=on", "-max-head 16MiB", "-log WARN", "-log error", "-max-conns 0", "-lifeline 0",
		"-loops 3 -max-conns 3", "-loops 3 -max-conns 0",
	} {
		if _, err := parse(&model, strings.Fields(line), nil); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestAnInvalidFlagGivesOneClearLine(t *testing.T) {
	for line, want := range map[string]string{
		"-addr 8003":                     "host:port",
		"-addr ::1:80":                   "host:port",
		"-addr 127.0.0.1:http":           "must be a number",
		"-addr 127.0.0.1:65536":          "must be a number",
		"-addr 127.0.0.1:-1":             "must be a number",
		"-addr 127.0.0.1:":               "must be a number",
		"-addr http://localhost:80":      "host:port",
		"-addr a/b:80":                   "is not a host",
		"-ports 0":                       "from 1 to 57527",
		"-ports x":                       "-ports",
		"-addr :65530 -ports 7":          "1 to 6",
		"-addr :0 -ports 2":              "can't start at 0",
		"-addr :8003 -demo":              "must be on loopback",
		"-addr 0.0.0.0:8003 -demo":       "must be on loopback",
		"-addr [::]:8003 -demo":          "must be on loopback",
		"-addr 192.0.2.1:8003 -demo":     "must be on loopback",
		"-backlog 0":                     "positive",
		"-max-conns -1":                  "negative",
		"-max-message 0":                 "positive number of bytes",
		"-max-message 16MB":              "positive number of bytes",
		"-max-body -5":                   "positive number of bytes",
		"-max-body 1.5MiB":               "positive number of bytes",
		"-max-head 63":                   "from 64",
		"-max-head 17MiB":                "from 64",
		"-compress yes":                  "on, off or takeover",
		"-head-timeout 10":               "head-timeout",
		"-head-timeout 0":                "positive",
		"-idle-timeout -1s":              "positive",
		"-write-timeout 0s":              "positive",
		"-close-timeout 0":               "positive",
		"-grace 0":                       "positive",
		"-idle-timeout 2562047h":         "at most 1000h",      // the largest Duration
		"-backlog 4294967296":            "at most 2147483647", // the kernel would take it as 0
		"-defer-accept 4294967296":       "at most 2147483647",
		"-max-conns 9223372036854775807": "at most 2147483647",
		"-prefork 9223372036854775807":   "at most 4194304",
		"-max-children 1000000000000":    "at most 4194304",
		"-origin-required=maybe":         "origin-required",
		"-nodelay=2":                     "nodelay",
		"-more=2":                        "more",
		"-defer-accept -1":               "negative",
		"-lifeline 2":                    "from 3 on",
		"-lifeline -1":                   "from 3 on",
		"-log loud":                      "debug, info, warn or error",
		"-log-format xml":                "text or json",
		"-prefork -1":                    "negative",
		"-max-children -1":               "1 or more",
		"-loops 0":                       "from 1 to 1024",
		"-loops 1025":                    "from 1 to 1024",
		"-max-conns 2 -loops 3":          "3 or more",
		"-colour":                        "-colour",
		"-root":                          "-root",
		"-log info serve":                `"serve"`,
		"serve -log info":                `"serve"`,
		"-max-message 99999999999999GiB": "positive number of bytes",
	} {
		o, err := parse(&model, strings.Fields(line), nil)
		if err == nil {
			t.Errorf("%s: got no error, but the options %+v", line, o)
			continue
		}
		name, _, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, "=")
		text := err.Error()
		if !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("%s: the error %q doesn't say %q on one line", line, text, want)
		}
		otherFlag := strings.Contains(line, "serve") || strings.Contains(line, "-ports")
		if !otherFlag && !strings.Contains(text, name) {
			t.Errorf("%s: the error %q doesn't name the flag", line, text)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "65536": 65536, "16KiB": 16 << 10, "16MiB": 16 << 20, "2GiB": 2 << 30, "4 KiB": 4 << 10,
		"1024GiB": 1 << 40, "1099511627776": 1 << 40,
	} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%s: got %d bytes, %v, want %d", text, s, err, want)
		}
		var again size
		if err := again.Set(s.String()); err != nil || again != s {
			t.Errorf("%s is printed as %s, which is read as %d, %v", text, s.String(), again, err)
		}
	}
	for _, text := range []string{
		"", "0", "-1", "KiB", "0KiB", "1kib", "1KB", "1K", "1 2", "0x10", "1025GiB", "1099511627777",
		"9223372036854775808", "9007199254740993KiB",
	} {
		var s size
		if err := s.Set(text); err == nil || s != 0 {
			t.Errorf("%q: got %d bytes, want an error", text, s)
		}
	}
}

func TestHelpListsAllFlags(t *testing.T) {
	for _, arg := range []string{"-help", "-h", "--help"} {
		var out bytes.Buffer
		if _, err := parse(&model, []string{arg}, &out); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: got the error %v, want flag.ErrHelp", arg, err)
		}
		text := out.String()
		if !strings.HasPrefix(text, "testserv: a server for tests\n") {
			t.Errorf("%s: the help begins with %.40q", arg, text)
		}
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		new(Options).define(fs, &model)
		fs.VisitAll(func(f *flag.Flag) {
			if !strings.Contains(text, "\n  -"+f.Name) || f.Usage == "" {
				t.Errorf("%s doesn't explain -%s", arg, f.Name)
			}
		})
		for _, value := range []string{"127.0.0.1:8009", "16777216", "1048576", "16384"} {
			if !strings.Contains(text, value) {
				t.Errorf("%s doesn't give the default %s", arg, value)
			}
		}
	}
}
