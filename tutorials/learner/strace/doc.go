// Package strace reads what strace(1) writes, as records: system calls with their arguments and
// results, signals, and ends of processes. It is made for the output of
//
//	strace -f -q -ttt -T -yy -xx -o FILE COMMAND
//
// and also reads other forms: without times, with “[pid N]” instead of a number, and with strings in
// any of the ways in which strace escapes bytes.
//
// If another thread acts while a system call waits, strace writes the call in two lines, “<unfinished
// ...>” and “<... read resumed>”. The reader joins them. A call that never returned, because its
// process was killed or because the file is cut, is a record without a result.
//
// No input makes the reader panic. It counts lines that it can't read, and goes on with the next one.
package strace
