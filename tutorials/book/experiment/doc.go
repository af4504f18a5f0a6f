// Package experiment is about the programs that chapters ask a reader to run: what they print, our
// own run of each, and a chart of both runs.
//
// A program prints text for people, which contains one table: a header line, and then a line for
// each row, with cells two or more spaces apart. The first column is x, a number or a name. The
// other columns are numbers with or without a unit; "-" is an empty cell. Only an experiment
// without a chart may have words there, or no table. The table is the last group of adjacent lines
// with two or more cells.
package experiment
