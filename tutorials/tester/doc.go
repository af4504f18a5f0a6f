// Package tester tests a server from outside, whatever it is written in: it
// plays the clients that a server meets in the wild, and says which symptom each
// of them saw. It never says the cause; that is the learner's part.
//
// A check is a row of the table in table.go, belongs to a chapter, and is run
// for a kind of server:
//
//	line   sends every line back, when its end (\n) has come
//	http   answers GET with 200 and the same body each time
//	ws     sends every WebSocket message back
//
// A server that is started here (Options.Server) gets a new process for every
// check, so that no check sees what another has broken. Of one that is already
// running (Options.Addr) only what the network shows can be checked.
//
// The checks wait for conditions, up to a generous deadline: where a request must
// come in pieces, the next piece is sent when the server has read the one before
// and sleeps again, as the kernel tells of its socket and its threads. Some
// things are judged by time all the same. An answer counts as missing after
// Options.Patience, so that a machine can be too busy for a sound server to pass.
// A client's bytes count as not wanted when nothing of them is taken for half a
// second, and stall compares how long answers took. Of a server that isn't on
// this machine, or was not started here, less is known, and fixed pauses stand in.
package tester
