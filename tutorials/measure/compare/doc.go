// Package compare measures servers against each other, so that what it says can be relied upon.
//
// # How
//
// Each measurement has a server of its own, started for it, on one processor, and the load on
// another. The servers take turns: a round has one measurement of each, with the same seed, and the order
// changes from round to round. So what the machine does meanwhile to one it does, by and by, to all, and
// two servers are compared within rounds: by the ratios of what they took in the same one.
//
// What is compared is CPU time per message: of the server and all its processes, those that have
// ended too, by the kernel's clocks. Messages a second say less: they depend on the load, and on who
// else runs on the machine.
//
// # What is claimed
//
// A difference is claimed only if a sign test supports it: were two servers the same, each round would be
// a fair coin, and the result would come up in less than one of twenty comparisons ([Different]). With
// fewer than six rounds there is no such result. What is not supported is shown as ≈. Whether the machine
// was quiet is judged by the time stolen from it, by what others took of the server's processor, and by
// the spread.
package compare
