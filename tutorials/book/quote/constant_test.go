package quote

import (
	"os"
	"testing"
)

const constantsFile = `package p

import "time"

const (
	size  = 2 << 20
	half  = (size - 2) / 2
	twice = size * 2
	pause = 100 * time.Millisecond
	long  = 3*pause + time.Second
	a, b  = 1, b
	name  = "n"
	both  = 1
	first = iota
	next
)

func f() { const local, both = 12_000, 2 }

var variable = 3
`

func TestConstant(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(root+"/p.go", []byte(constantsFile), 0o666); err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]string{
		"p.go#size": "2097152, or 2 MiB", "p.go#twice": "4194304, or 4 MiB", "p.go#pause": "100ms",
		"p.go#long": "1.3s", "p.go#a": "1", "p.go#local": "12000",
		"p.go#half": "the constant half of p.go: its expression has the operator /, but may have only +, " +
			"-, *, << and >>",
		"p.go#b": "the constant b of p.go: its expression must be a number or made of constants of the " +
			"file (*ast.Ident)",
		"p.go#first": "the constant first of p.go: its expression must be a number or made of constants of " +
			"the file (*ast.Ident)",
		"p.go#name":     `the constant name of p.go isn't a whole number: "n"`,
		"p.go#both":     "p.go has 2 constants both",
		"p.go#next":     "p.go has no constant next",
		"p.go#variable": "p.go has no constant variable",
		"q.go#size":     "there is no file q.go",
		"../p.go#size":  `"../p.go" is not a path in the repository`,
	} {
		n, err := Constant(root, reference)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = n.String()
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", reference, got, want)
		}
	}
}

func TestANumberInProseIsTheConstant(t *testing.T) {
	size := &Number{Path: "p.go", Name: "size", Value: 2 << 20}
	pause := &Number{Path: "p.go", Name: "pause", Value: 100e6, Duration: true}
	for _, c := range []struct {
		n    *Number
		text string
		want string
	}{
		{size, "2 MiB", ""}, {size, "2,048 KiB", ""}, {size, "2,097,152", ""}, {size, "2097152 bytes", ""},
		{size, "1 MiB", `"1 MiB" is not the constant size of p.go, which is 2097152, or 2 MiB`},
		{size, "2 ms", `"2 ms" has another unit than the constant size`},
		{size, "two MiB", `"two MiB" can't be compared with a constant: ` +
			`write digits and perhaps a unit, such as "2 MiB" or "100 ms"`},
		{pause, "100 ms", ""}, {pause, "0.1 seconds", ""}, {pause, "100", `"100" has another unit than the constant pause`},
		{pause, "200 ms", `"200 ms" is not the constant pause of p.go, which is 100ms`},
	} {
		got := ""
		if err := c.n.Says(c.text); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s for %s gives %q, want %q", c.text, c.n.Name, got, c.want)
		}
	}
}
