// Package project finds the projects: servers that readers write themselves, in any language, to a
// specification of one page.
//
// A project is a folder of tutorials/projects, with these files:
//
//	project.md     the specification; the table in it names the checks that judge a server
//	solutions.md   a comparison of our solutions
//	solutions      a folder for each solution, with one program of at most 200 lines, or 400 for a room
//
// The specification is also what the code reads: a server must pass the checks that its table names,
// and no others. Tests compare the table with the tester's rules, and the comparison with the programs.
package project
