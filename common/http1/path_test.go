package http1

import (
	"bytes"
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestDecodePath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"/a/b/", "/a/b/"},
		{"/a//b", "/a//b"},
		{"//", "//"},
		{"/%61%2Fb"[:4] + "b", "/ab"},
		{"/a%20b+c", "/a b+c"},
		{"/%C3%a4", "/\xc3\xa4"},
		{"/%ff", "/\xff"}, // the file system decides which bytes a name may have
		{"/%25%32%66", "/%2f"},
		{"/.", "/"},
		{"/./", "/"},
		{"/..", "/"},
		{"/../..", "/"},
		{"/../../a", "/a"},
		{"/a/.", "/a/"},
		{"/a/..", "/"},
		{"/a/../", "/"},
		{"/a/b/..", "/a/"},
		{"/a/./b", "/a/b"},
		{"/a/../b", "/b"},
		{"/a//../b", "/a/b"},
		{"/a/b/c/./../../g", "/a/g"}, // RFC 3986 5.2.4
		{"/%2e%2E/a", "/a"},
		{"/a/%2e./b", "/b"},
		{"/a/%2e", "/a/"},
		{"/...", "/..."},
		{"/.a/..b", "/.a/..b"},

		{"", ""},
		{"a", ""},
		{"*", ""},
		{"./", ""},
		{"/%", ""},
		{"/%2", ""},
		{"/%2g", ""},
		{"/%g2", ""},
		{"/a%2", ""},
		{"/%2/b", ""},
		{"/a%2Fb", ""},
		{"/a%2fb", ""},
		{"/a%00", ""},
		{"/a\x00", ""},
		{"/a/%00/..", ""},
	} {
		dst := []byte("/root")
		got, ok := DecodePath(dst, []byte(c.in))
		if string(got) != "/root"+c.want || ok != (c.want != "") {
			t.Errorf("%q appended to %q gives %q, %v, want it to end in %q", c.in, dst, got, ok, c.want)
		}
	}
}

// A decoded path has no dot segment and no NUL, and is never longer than the raw one. It is the
// same as the result of net/url and path.Clean, except that these remove slashes.
func FuzzDecodePath(f *testing.F) {
	for _, seed := range []string{"/", "/a/../b/./", "/%2e%2e/%2f", "/a//..//b/..", "/%00", "/%C3%A4%zz",
		"//../a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, ok := DecodePath(nil, raw)
		plain, err := url.PathUnescape(string(raw))
		escaped := bytes.Contains(bytes.ToLower(raw), []byte("%2f"))
		want := err == nil && !escaped && strings.HasPrefix(plain, "/") && !strings.Contains(plain, "\x00")
		if ok != want {
			t.Fatalf("DecodePath(%q) returns %v, want %v", raw, ok, want)
		}
		if !ok {
			return
		}
		for _, segment := range strings.Split(string(got), "/") {
			if segment == "." || segment == ".." {
				t.Errorf("%q gives %q, with a dot segment", raw, got)
			}
		}
		if got[0] != '/' || len(got) > len(raw) || bytes.IndexByte(got, 0) >= 0 {
			t.Errorf("%q gives %q", raw, got)
		}
		if !strings.Contains(plain, "//") && path.Clean(string(got)) != path.Clean(plain) {
			t.Errorf("%q gives %q, want %q", raw, got, path.Clean(plain))
		}
	})
}

// readBy also compares every path with PlainPath with the result of DecodePath.
func TestPlainPathIsTrueForPlainPathsOnly(t *testing.T) {
	for target, want := range map[string]bool{
		"/": true, "/chat/join": true, "/a//b/~c_d-e:@!$&'()*+,;=": true,
		"/%41": false, "/a%2fb": false, "/a/../b": false, "/./a": false, "/a?": false, "/a?b": false, "http://a/b": false,
	} {
		var r Reader
		if readBy(t, &r, Limits{}, []byte("GET "+target+" HTTP/1.1\r\nHost: a\r\n")); len(r.buf) == 0 {
			t.Fatalf("%q was refused", target)
		}
		r.Next([]byte("\r\n"))
		if got := r.Request().PlainPath(); got != want {
			t.Errorf("PlainPath of %q is %v, want %v", target, got, want)
		}
	}
}

func TestAppendURI(t *testing.T) {
	for part, want := range map[string]string{
		"":                   "",
		"a-._~!$&'()*+,;=:@": "a-._~!$&'()*+,;=:@",
		"a/b?c":              "a/b?c",
		"%41%e4":             "%41%e4",
		"%":                  "%25",
		"%4":                 "%254",
		"%4g":                "%254g",
		`"<>\^` + "`{|}":     "%22%3C%3E%5C%5E%60%7B%7C%7D",
		"[]#":                "%5B%5D%23",
		" \x7f\xe4":          "%20%7F%E4",
	} {
		if got := string(AppendURI([]byte("x"), []byte(part))); got != "x"+want {
			t.Errorf("%q becomes %q, want %q", part, got[1:], want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for part, want := range map[string]string{
		"": "", "abc": "abc", "%41%2f%2F": "A//", "a+b": "a+b", "%25%32%35": "%25", "%ff": "\xff",
	} {
		if got, ok := Unescape([]byte("x"), []byte(part)); !ok || string(got) != "x"+want {
			t.Errorf("Unescape(%q) = %q, %t, want %q", part, got, ok, want)
		}
	}
	for _, part := range []string{"%", "a%4", "%4g", "%g4", "%00", "a\x00"} {
		if got, ok := Unescape([]byte("x"), []byte(part)); ok || string(got) != "x" {
			t.Errorf("Unescape(%q) = %q, %t, want false", part, got, ok)
		}
	}
}
