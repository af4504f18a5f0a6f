package markdown

import "slices"

// Edit is a new text for a block of a chapter.
type Edit struct {
	extent
	text string
}

// Edit returns an edit that replaces the block by text.
func (e extent) Edit(text string) Edit { return Edit{e, text} }

// Edited returns the chapter's text with all edits made.
func (c *Chapter) Edited(edits []Edit) []byte {
	slices.SortFunc(edits, func(a, b Edit) int { return b.start - a.start }) // from the end, so that earlier positions stay valid
	out := slices.Clone(c.text)
	for _, e := range edits {
		out = slices.Concat(out[:e.start], []byte(e.text), out[e.end:])
	}
	return out
}
