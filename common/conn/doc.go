// Package conn accepts connections and drives each of them: it is between a loop, which waits,
// and a Session, which knows no sockets.
//
// A Listener accepts, within the limit of connections for each address, and turns clients away
// with a 503 when there is no descriptor for them. A Conn is a descriptor with its Session: it
// reads and writes as the Session wants, one system call at a time. An IO is what the
// connections of one loop share. A MemoryLimiter keeps their memory within its budget.
//
// What poll and epoll differ in isn't hidden here: sys.Poll and sys.EpollWait are thin, and
// each loop calls its own.
//
// All descriptors are non-blocking and close-on-exec. Every call is repeated on EINTR, and is
// counted in a stat.Slot where it is made, so that system calls per message can be measured.
package conn
