// Package transcript runs what a chapter says that a reader types, and compares what
// comes with what the chapter says will come.
//
// A line that begins with "$ " is a command for the shell; one that begins with "> "
// continues it; what follows is what it prints, on standard output and error alike, and
// then, in brackets, its exit status unless that is 0. In the expected output braces
// stand for what differs from run to run:
//
//	{int}  {number}  {hex}  {word}  {pid}  {port}  {date}  {any}
//	{ms}  {us}  {s}    a time with its unit
//	{bytes}            a number of bytes, with a unit or without
//	{ms 30..60}        the same, within a range
//	{ms 30..60 = 44 ms}   with what was printed when it was last recorded
//	{lines}            alone on a line: any number of lines
//
// Times depend on the machine. Unless they are asked for, a range of them is taken ten times as
// wide in both directions.
package transcript
