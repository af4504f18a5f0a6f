// Package scene shows a chapter's reader an example of the laboratory's gallery, without the
// laboratory: as still pictures of the decisive part of its run.
//
// The run is played on the simulated kernel, and is the same on every machine. Cut takes the part out
// of it that the chapter names. What it returns is kept beside the chapter, and verify compares it with
// the run as it is now.
package scene
