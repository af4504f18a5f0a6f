// Package pages writes the site that the three servers serve: the chapters, the
// annotated source, and the loops side by side. It is files only, so that each server serves the
// whole of it by itself; which one did is asked of /stats by a small script, without
// which a page says how to ask.
package pages
