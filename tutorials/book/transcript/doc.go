// Package transcript runs the commands that a chapter shows, and compares what they print with what
// the chapter says.
//
// A line that begins with "$ " is a command for the shell. A line that begins with "> " continues
// it. The lines after them are what the command prints on standard output and standard error, and
// then, in brackets, its exit status unless that is 0. In the expected output braces stand for what
// differs from run to run:
//
//	{int}  {number}  {hex}  {word}  {pid}  {port}  {date}  {any}
//	{ms}  {us}  {s}    a time with its unit
//	{bytes}            a number of bytes, with a unit or without
//	{ms 30..60}        the same, within a range
//	{ms 30..60 = 44 ms}   with what was printed when it was last recorded
//	{lines}            alone on a line: any number of lines
//
// Times depend on the machine. Unless the user asks for a strict comparison, a range of times is
// ten times as wide in both directions.
package transcript
