// Package export makes a copy of the course's site for a host that only sends files, below any path.
//
// The site that the servers send begins at the top of its host, and asks them and the coach for what
// no file has. The copy differs from it in four ways:
//
//   - All links are relative. A link to a folder names its index.html, and a link to a page of the
//     servers, such as /_/echo, names a file, so that the copy can also be read without a host.
//   - The pages say that they belong to a copy. Their element html has the attribute data-copy, from
//     which the scripts learn that there is no server to ask.
//   - The pages of the servers have no scripts. They say where they would work.
//   - The page copy.html, to which each page links, says what the copy lacks, and how to have it.
package export
