// Package docroot opens the files below a directory for a server, and no files outside it.
//
// The kernel keeps every path below the root (openat2(2) with RESOLVE_BENEATH). The path of the
// root can change its target, because a site was built again or a link was switched to another
// release. Then the root follows within a second.
package docroot
