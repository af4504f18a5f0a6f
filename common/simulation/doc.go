// Package simulation lets seeds decide what happens to a server: what its clients send and when, in
// which order threads run, and which system calls fail. The server runs on a simulated kernel.
//
// A seed becomes the text of a scenario (Generate). A scenario is played, and judged:
//
//   - a client gets the bytes that the protocol core gives for what it has sent, or less and a clean
//     end, and then no more clients than there were faults that may harm one;
//   - the members of the room hear the same, in the same order;
//   - nothing outlives its deadline, and no thread runs without an end;
//   - when all clients have gone, no descriptor, process or byte is left;
//   - a shutdown ends within the grace time.
//
// A failure names its seed, and the shortest scenario that Shorten has found:
//
//	go test -tags sim ./pollserv -run '^TestSimulation$' -seeds 10000
//	go test -tags sim ./pollserv -run '^TestSimulation$' -seed 4711
//	go test -tags sim ./pollserv -run '^TestSimulation$' -scenario file
package simulation
