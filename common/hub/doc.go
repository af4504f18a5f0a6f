// Package hub is the chat room that connections share. Its members get each other's messages. The
// package has no sockets, no processes and no clock.
//
// A Hub is a sequencer with a bounded log. It gives each entry (someone joined, left, said
// something) the next number. It keeps the last LogSize entries, up to LogBytes. It also knows the
// members, and adds an entry itself when the connection or the process of a member has ended. A
// server has one Hub, so there is one order, and every member receives the entries in that order.
//
// A Hub is also a deterministic state machine. What it sends, and its state, follow from the calls
// alone: the times, the places and the messages. So any number of Hubs agree if they get the same
// calls in the same order, and a run can be repeated. What decides something and isn't in the calls
// already, such as a random Token, is drawn by the place and comes in the message.
//
// Members live at places. A place is a loop, or a child of forkserv. Messages go from a place to
// the Hub over a Bus, and come back to a Receiver. The servers differ only in what is between the
// two: nothing (Local), the mailbox of another loop, or a socket between processes (Append and
// Parse).
//
// A place numbers its connections. Another place may give the same numbers to other clients, so the
// Hub looks at the place and the number.
//
// A member has either a connection to which its entries are sent, or a Token, which is for clients
// without WebSocket. Such a client polls: it asks again and again for the entries after its cursor,
// which is a position in the log. The request may wait in a process that ends. The member doesn't
// end with that process.
package hub
