// Package outq is the queue of what a connection still has to send.
//
// Theory of operation. A socket takes as much as its buffer has room for, and
// seldom a whole message: everything after that must wait somewhere, in order. Five things can wait here:
//
//   - copied bytes: Append and Room/Commit put them into blocks of the queue's
//     own, so the caller can reuse its buffer immediately;
//   - shared bytes: Share queues a reference; nobody writes to them any more,
//     so any number of queues may refer to the same ones (a page, a broadcast);
//   - adopted bytes: Adopt queues a block that the Pool has lent, and that goes
//     back to it when it is sent (a large message, echoed);
//   - file ranges: File queues a promise of bytes that the kernel can send
//     without showing them to us (sendfile);
//   - a FIN: Fin says that nothing follows, and the driver calls
//     shutdown(SHUT_WR) when everything before it is sent.
//
// The driver asks Next what to send, sends as much as the socket takes, and
// reports it to Sent. One batch is one system call: a vector of buffers
// (writev), or one file range (sendfile), or the FIN. Batch.More says
// that a file follows these buffers, so that a response's header fields and the
// file's first bytes share a segment (MSG_MORE) instead of meeting Nagle's
// algorithm and a delayed acknowledgement; or that the FIN does, which
// then needs no segment of its own.
//
// Memory. Blocks and nodes come from a Pool and go back to it as soon as they
// are sent: a queue that is empty owns nothing. A Pool belongs to one loop and
// has no lock. Of small blocks it keeps some MiB; large ones that lie idle are the
// garbage collector's.
package outq
