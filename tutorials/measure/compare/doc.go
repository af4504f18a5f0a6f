// Package compare measures servers against each other, in a way that makes its claims reliable.
//
// # How
//
// Each measurement starts its own server, which runs on one processor, and the load runs on the
// others. The servers take turns: in each round every server is measured once, with the same seed,
// and the order changes from round to round. So whatever disturbs the machine affects all servers
// in the long run. Two servers are compared within rounds, by the ratios of their results in the
// same round.
//
// The comparison is about CPU time per message: of the server and all its processes, including
// those that have ended, by the kernel's clocks. Messages per second say less, because they depend
// on the load and on other programs on the machine.
//
// # What is claimed
//
// The package claims a difference only if a sign test supports it. If two servers were the same,
// each round would be a fair coin, and such a result would come up in fewer than one of twenty
// comparisons ([Different]). Fewer than six rounds can't give such a result. A difference that
// isn't supported is shown as ≈. The package judges whether the machine was quiet by the time
// stolen from it, by what other programs used of the server's processor, and by the spread of the
// results.
package compare
