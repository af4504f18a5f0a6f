package http1

import "testing"

func TestMediaType(t *testing.T) {
	for value, want := range map[string]bool{
		"text/plain":                       true,
		"a/b":                              true,
		"TEXT/html; charset=utf-8":         true,
		"text/html;charset=\"utf-8\"":      true,
		"a/b \t; \tc=d\t;e=f":              true,
		"a/b;":                             true,
		"a/b;;c=d;":                        true,
		"a/b; c=\"\"":                      true,
		`a/b; c="\"\\;,"`:                  true,
		"a/b; c=\"\xe4 \t\"":               true,
		"application/vnd.x+json; v=1; w=2": true,
		"":                                 false,
		"text":                             false,
		"text/":                            false,
		"/plain":                           false,
		"/":                                false,
		"a/b/c":                            false,
		"a /b":                             false,
		"a/ b":                             false,
		"a/b, c/d":                         false,
		"a/b c":                            false,
		"a/b; c":                           false,
		"a/b; c=":                          false,
		"a/b; =d":                          false,
		"a/b; c =d":                        false,
		"a/b; c= d":                        false,
		"a/b; c=d e":                       false,
		`a/b; c="`:                         false,
		`a/b; c="d`:                        false,
		`a/b; c="d\`:                       false,
		`a/b; c="d\"`:                      false,
		`a/b; c="d"e`:                      false,
		"a/b; c=\"\x00\"":                  false,
		"a/b; c=\"\x7f\"":                  false,
		"a\xc3\xa4/b":                      false,
		"\xff/b":                           false,
	} {
		if got := IsMediaType([]byte(value)); got != want {
			t.Errorf("IsMediaType(%q) = %t", value, got)
		}
	}
}
