// Package front has the files of the site that no program writes: the front page, as a template,
// and what lies beside it.
package front

import "embed"

// Files are these files.
//
//go:embed index.html front.css
var Files embed.FS
