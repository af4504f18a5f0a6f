// Package still draws space-time diagrams as pictures that don't move: for chapters, and for paper.
//
// A Picture has the lanes and events that web/spacetime.js of the site draws in a page, in the same JSON.
// The layout is that of web/timeline.js, and a test compares the two.
package still
