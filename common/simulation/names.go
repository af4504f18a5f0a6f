package simulation

import "strings"

// The judge knows these names by itself, and doesn't ask the room's own functions.

// blankNames are names that nobody can see, so nobody may join with one.
var blankNames = []string{"\u2800", "\u3164\u3164", "\u115f", "\uffa0", "\u00a0", "\u200b", "\ufe0f", "\u034f", "\u2800\u3164"}

// twins are pairs of names that are equal under case folding, so only one member may have them at the same
// time. In lower case all but the first differ.
var twins = [][2]string{{"\u212aim", "kim"}, {"me\u017f", "mes"}, {"wei\u00df", "weiss"}, {"wei\u1e9e", "WEISS"}, {"\u03c3\u03bf\u03c2", "\u03c3\u03bf\u03c3"},
	{"\ufb01n", "FIN"}, {"\u00b5", "\u03bc"}, {"\u03b2", "\u03d0"}}

// folder folds what strings.ToLower leaves different in the twins.
var folder = strings.NewReplacer("\u212a", "k", "\u017f", "s", "\u00df", "ss", "\u1e9e", "ss", "\u03c2", "\u03c3", "\ufb01", "fi",
	"\u00b5", "\u03bc", "\u03d0", "\u03b2")

// fold returns the same for names that differ only in case, as far as the generator uses them.
func fold(name string) string { return folder.Replace(strings.ToLower(folder.Replace(name))) }

// blank reports whether nobody may join with a name.
func blank(name string) bool {
	for _, b := range blankNames {
		if name == b {
			return true
		}
	}
	return false
}

// ownName is the name with which a member of the room joins.
func (g *generator) ownName(client string) string {
	own := strings.ToLower(client)
	switch {
	case g.chance(8):
		return oneOf(g, "R", "r", "A", "B") // somebody may have that name
	case g.chance(12):
		return own + oneOf(g, "\u00e9", " x", "\u0928\u094d\u200d\u0930", "\u0928\u094d\u200d\u0930") // the last two have a zero width joiner between two letters
	case g.chance(5):
		return oneOf(g, blankNames...)
	case g.twins != nil && g.chance(60):
		return oneOf(g, g.twins...)
	}
	return own
}
