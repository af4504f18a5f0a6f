// Package outq is a queue for the bytes that a connection still has to send.
//
// # Theory of operation
//
// A socket accepts only as many bytes as its buffer has room for, and that is often less than a
// message. The rest must wait in order. Five things can wait in a queue:
//
//   - Copied bytes: Append and Room/Commit put them into the queue's own blocks, so the caller can
//     reuse its buffer immediately.
//   - Shared bytes: Share queues a reference. Nobody may write to these bytes any more, so several
//     queues can refer to them (a page, a broadcast).
//   - Adopted bytes: Adopt queues a block that the Pool has lent. The block goes back to the Pool
//     when it has been sent (a large message that is echoed).
//   - File ranges: File queues a part of a file. The kernel can send it without copying it to the
//     process (sendfile).
//   - A FIN: Fin says that nothing follows. The driver calls shutdown(SHUT_WR) when everything
//     before it has been sent.
//
// The driver asks Next for a batch, sends as much of it as the socket accepts, and reports that
// number to Sent. One batch is one system call: a vector of buffers (writev), one file range
// (sendfile), or the FIN. Batch.More is set if a file follows the buffers immediately. Then the
// header fields of a response and the first bytes of the file share a segment (MSG_MORE). Without
// it, Nagle's algorithm and a delayed acknowledgement can hold up the file. More is also set if the
// FIN follows, so that the FIN needs no segment of its own.
//
// # Memory
//
// Blocks and nodes come from a Pool and go back to it as soon as they have been sent. An empty
// queue owns no memory. A Pool belongs to one loop and has no lock. It keeps a few MiB of small
// blocks, and leaves idle large blocks to the garbage collector.
package outq
