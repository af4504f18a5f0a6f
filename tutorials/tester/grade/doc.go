// Package grade makes the tester's checks for many learners' programs, several at the same time.
//
// A program is a command, or a folder. In a folder with a file server.txt, the last line of this file
// is the command that starts the server, with {addr} or {port} in place of its address. The lines
// before it are commands that build the server. Empty lines and lines that begin with # don't count:
//
//	gcc -O2 -o server server.c
//	./server {port}
//
// A folder without such a file must have Go files of package main, which are built. All commands run
// in the folder.
//
// Each program is graded by a process of its own, the worker, which grade starts from the same binary.
// What a program does wrong by accident harms neither the other programs nor the grader:
//
//   - A program that never ends, or never listens: each program has a time limit, which includes its build.
//   - A program that forks, daemonizes, or leaves its process group: the worker adopts the processes and
//     ends them after each check. With too many at the same time, grading the program ends.
//   - A program that kills its process group, or its parent: then the worker may end, and its results so
//     far count.
//   - A program that writes without end: a file may have at most 64 MiB, also the log that the tester keeps.
//     Of what a program or compiler prints, a report has the last or the first part.
//   - A program that takes all memory: if the kernel must end a process, it chooses the program's.
//
// A program that means harm is another matter. It runs with the rights of the user, and may read and
// remove the user's files, or kill all of the user's processes. So give programs that you don't trust a
// container, or a user of their own.
package grade
