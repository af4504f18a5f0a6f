// Package pages writes the site that the three servers serve: the chapters, the
// annotated source, and the loops side by side. It is files only, so that each server serves the
// whole of it by itself; which one did is asked of /stats by a small script, without
// which a page says how to ask.
//
// It also has the drawings that scripts change while a reader watches: the space-time diagram
// (timeline.js, words.js, spacetime.js), the phases of connections (phases.go, phases.js), and the
// function that made a call (source.js).
package pages
