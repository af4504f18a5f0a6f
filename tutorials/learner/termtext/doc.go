// Package termtext renders the chapters' Markdown as text for a terminal: paragraphs folded into lines, links
// followed by where they lead, and no marks.
package termtext
