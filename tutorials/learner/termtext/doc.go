// Package termtext renders the chapters' Markdown as plain text for a terminal. It folds paragraphs
// into lines, shows the address of a link after its text, and removes Markdown's markup.
package termtext
