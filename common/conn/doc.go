// Package conn accepts connections and drives each of them. It is between a loop, which waits, and
// a Session, which has no socket.
//
// A Listener accepts clients, but only a limited number for each address. If there is no descriptor
// for a client, it rejects the client with a 503. A Conn is a descriptor with its Session. It reads
// and writes what the Session wants, with one system call at a time. The connections of one loop
// share an IO. A MemoryLimiter keeps the memory of these connections within its budget.
//
// This package doesn't hide the differences between poll and epoll. Each loop calls sys.Poll or
// sys.EpollWait itself.
//
// All descriptors are non-blocking and close-on-exec. A call that ends with EINTR is repeated.
// Every call is counted in a stat.Slot, so that system calls per message can be measured.
package conn
