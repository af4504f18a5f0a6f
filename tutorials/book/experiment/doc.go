// Package experiment is about the programs that chapters have a reader run: what they print, our own
// run of each, and a chart of both.
//
// A program prints what people like to read, with one table in it: a header line, then a line for each
// row, cells two or more spaces apart. The first column is x, a number or a name. The others are
// numbers, each with a unit or without; "-" is an empty cell. Only what is not drawn may have words
// there too, or no table at all. The table is the last group of adjacent lines that have two cells or more.
package experiment
