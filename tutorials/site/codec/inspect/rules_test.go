package inspect

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// TestEveryRuleHasASection compares the tables with the errors that the packages declare.
func TestEveryRuleHasASection(t *testing.T) {
	known := map[string]map[string]section{"http1": {}, "ws": {}}
	for err, s := range requestRules {
		known["http1"][s.name] = s
		if err == nil {
			t.Errorf("%s is nil", s.name)
		}
	}
	for err, s := range frameRules {
		known["ws"][s.name] = s
		if err == nil {
			t.Errorf("%s is nil", s.name)
		}
	}
	number := regexp.MustCompile(`^\d+(\.\d+)*$`)
	for pkg, sections := range known {
		declared := declaredErrors(t, "../../../../common/"+pkg+"/error.go")
		for name, group := range declared {
			s, ok := sections[name]
			if !ok || s.group != group || !number.MatchString(s.number) || !number.MatchString(s.rfc) {
				t.Errorf("%s.%s has no section: %+v", pkg, name, s)
			}
			delete(sections, name)
		}
		for name := range sections {
			t.Errorf("%s has no error %s", pkg, name)
		}
		if len(declared) < 15 {
			t.Errorf("want at least 15 errors in %s, got %d", pkg, len(declared))
		}
	}
}

// declaredErrors returns the names of the errors that a file declares, each with the first name of
// its group.
func declaredErrors(t *testing.T, file string) map[string]string {
	t.Helper()
	names := map[string]string{}
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			for _, name := range s.(*ast.ValueSpec).Names {
				if strings.HasPrefix(name.Name, "Err") {
					names[name.Name] = g.Specs[0].(*ast.ValueSpec).Names[0].Name
				}
			}
		}
	}
	return names
}

// TestRulesLead checks the links of a rule.
func TestRulesLead(t *testing.T) {
	r := frameRules[nil].rule("ws")
	if r.RFC != "RFC , section " {
		t.Errorf("an unknown rule has the section %q", r.RFC)
	}
	for err, s := range frameRules {
		r := frameRule(err)
		if r.Reason != err.Reason || r.Code.Number != int(err.Code) || r.Code.Name == "not registered" ||
			r.URL != "https://www.rfc-editor.org/rfc/rfc"+s.rfc+"#section-"+s.number ||
			r.Source != "source/common/ws/error.go.html#go-"+s.group {
			t.Errorf("%s has the rule %+v", s.name, r)
		}
	}
}
