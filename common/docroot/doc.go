// Package docroot opens the files below a directory for a server, and nothing outside it.
//
// The kernel keeps every path below the root (openat2(2) with RESOLVE_BENEATH). When the path
// of the root leads to another directory, because a site was built again or a link was switched
// to another release, the root follows within a second.
package docroot
