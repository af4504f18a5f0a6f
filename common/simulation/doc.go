// Package simulation tests a server with random scenarios, on a simulated kernel. A seed, a number,
// decides what the clients send and when, in which order threads run, and which system calls fail.
//
// Generate makes the text of a scenario from a seed. Play plays it, and checks that these are true:
//
//   - Each client receives what the protocol core (package session, without sockets) sends for the
//     same input. A fault may harm one client: this client may receive less, but its connection must
//     end. So at most as many clients receive less as harmful faults have happened.
//   - All members of the chat room receive the same messages, in the same order.
//   - Every connection ends by its deadline, and no thread loops forever.
//   - After all clients have left, the server holds no descriptor and no process for them.
//   - A shutdown ends within the grace time. Before, a request that is on its way is answered.
//   - If nothing slows the server down, a client has all that it gets within 30 ms.
//   - The server stops reading from clients that don't read, and keeps its budget of memory.
//   - Clients that the operator has kicked are gone after the close timeout.
//   - A file that is rewritten, or whose directory is replaced, is sent as one of its versions or cut off.
//
// A failure shows its seed, and a short scenario that Shorten has found. These commands play many
// seeds, one seed, and a file:
//
//	go test -tags sim ./pollserv -run '^TestSimulation$' -seeds 10000
//	go test -tags sim ./pollserv -run '^TestSimulation$' -seed 4711
//	go test -tags sim ./pollserv -run '^TestSimulation$' -scenario file
//
// The folder gallery has examples for the laboratory: scenarios, each with a question and its answer.
// Gallery checks what a run of each shows, and GalleryOnLinux compares the counters of a server on the
// simulated kernel with those of one on Linux. See Example for the files:
//
//	go test -tags sim ./pollserv -run '^TestGallery$'
//	go test ./pollserv -run '^TestGalleryOnLinux$'
//
// This command writes what happens in an example, in the form in which the laboratory draws it:
//
//	go test -tags sim ./pollserv -run '^TestGallery$/^nagle$' -pictures folder
package simulation
