// Package hub is what connections share: a room whose members get each other's
// messages. It knows no sockets, no processes and no clock.
//
// A Hub is a sequencer with a bounded log. It gives each entry (someone joined,
// left, said something) the next number, keeps the last LogSize of them up to LogBytes,
// knows the members, and adds an entry itself when the connection, or the process, of a
// member has ended. There is one Hub in a server, so there is one order, and every member
// receives the entries in that order.
//
// Members live at places: a loop, or forkserv's child. Messages go from a place
// to the Hub over a Bus and come back to a Receiver. What is between the two is
// the only thing in which the servers differ: nothing (Local), the mailbox of
// another loop, or a socket between processes (Append and Parse).
//
// A member has either a connection that its entries are sent to, or, for
// clients without WebSocket, a Token, with which it asks again and again for
// what has come since: a cursor over the log. A request that asks may wait in a
// process that ends; the member does not end with it.
package hub
