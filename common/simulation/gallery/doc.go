// Package gallery reads the examples that the laboratory shows: scenarios with a question and an answer.
// They are the text files in this folder. Package simulation plays them, and the course shows them.
package gallery
