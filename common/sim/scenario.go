package sim

import (
	"net/netip"
	"time"
)

// Scenario is what clients do to a server, at which times, and which system calls fail. It includes a
// seed, and so decides the whole run. It is written as text, one line for each thing:
//
//	# Comments and empty lines are ignored.
//	seed 7
//	preempt 1
//	shuffle
//	buffers 1000 bytes
//	files 20
//	flags -max-conns=3 -prefork=2
//	at 0ms    A connects
//	at 0ms    B1..B10 connect
//	at 1ms    C connects from 127.0.0.2
//	at 5ms    A sends "GET / HT"
//	at 6ms    A sends 100000 bytes
//	at 9ms    A resets
//	at 10ms   A stops reading
//	at 15ms   A reads 100 bytes
//	at 20ms   A reads
//	at 25ms   A shuts down
//	at 30ms   B2 closes
//	at 1s     the machine stalls for 3s
//	at 2s     the clock jumps by -1h
//	at 3s     the limit of files is 10
//	at 3s     the log is full
//	at 4s     the log is read
//	at 4s     the process of A stops
//	at 5s     the process of A continues
//	at 5s     the process of A is killed
//	at 5s     the operator types "kick 1"
//	at 5s     the file /srv/index.html becomes "new\n"
//	at 5s     the file /srv/large becomes 100000 bytes of "new "
//	at 5s     the directory /srv is replaced
//	at 5s     SIGHUP
//	at 6s     SIGTERM to all
//	at 7s     fault accept4 ENFILE
//	fault     accept4 EMFILE 2 times
//	fault     sendto 3 bytes always after 10 calls
//	fault     read SIGKILL after 3 calls
//	fault     write SIGSTOP for 2s
//
// "shuffle" runs threads in a random order. "preempt 3" switches to another thread at about every
// third system call. "flags" adds words to the server's command line, and may come several times.
//
// A client reads all that arrives, until it stops reading. "reads" ends that. "reads 100 bytes" doesn't: it
// reads at most so many of the bytes that have arrived, once.
//
// A string that a client sends may have a name of lower-case letters in braces, such as {session}. It
// stands for a value from what this client has received, on any of its connections: the last JSON
// value with that key, a string (without its quotes) or a number, of at most 256 bytes. If there is no
// such value, the text is sent as it is written. For example, a client can poll the chat room:
//
//	at 3s     A sends "GET /chat/poll?session={session}&since={seq} HTTP/1.1\r\nHost: localhost\r\n\r\n"
//
// The limit of files is RLIMIT_NOFILE of the server and all its descendants. While the log is full,
// nobody reads what the server writes to its standard error, so a write blocks, as it does when a pipe
// is full. The process of A is the process that has the server's end of A's connection; if several have
// it, the one with the highest pid. "stops", "continues" and "is killed" send it SIGSTOP, SIGCONT or
// SIGKILL. If no process has the connection, nothing happens. SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGSTOP
// and SIGCONT go to the server, and with "to all" also to its descendants, in the order of their pids.
//
// What the operator types comes from the server's standard input, with a newline. If the operator
// types nothing in a scenario, that input ends immediately. A file that becomes something is written,
// and keeps its inode number; if it doesn't exist, it is made, with the directories above it. A
// directory that is replaced gets another name, which nobody knows, and an empty one takes its place.
// If a path leads to something else, nothing happens. The files that the first actions write at 0s are
// there before the server starts.
//
// Times begin with the server's start and don't decrease. A string is written as in Go. "shuts
// down" is shutdown(2) with SHUT_WR: a FIN, after which the client still reads. All clients together
// send at most 64 MiB, the files get at most 64 MiB, and there are at most 10,000 clients. A fault names a system call as strace
// shows it: write clone to make fork fail. A fault with SIGKILL kills the process that makes the call,
// before the call does anything. Such a fault affects only descendants of the server, never the server
// itself. A fault with SIGSTOP stops the process when the call returns; SIGCONT follows after the time.
// A fault that has a time concerns the calls that begin later.
type Scenario struct {
	Seed    uint64
	Preempt int
	Shuffle bool
	Buffers int      // bytes of each buffer of a TCP socket; 0: the kernel's default
	Files   int      // RLIMIT_NOFILE; 0: the kernel's default
	Flags   []string // further words of the server's command line
	Actions []Action
	Faults  []Fault
}

// Action is a line that begins with "at".
type Action struct {
	At      time.Duration
	Clients []string // empty: the action isn't one of clients
	Verb    Verb
	From    netip.Addr    // of Connects: the client's address; zero: the usual one
	Data    []byte        // of Sends, Types and WritesFile
	Bytes   int           // of Reads: read at most so many, once; 0: read on. Of WritesFile: the size; 0: that of Data
	Path    string        // of WritesFile and ReplacesDirectory
	Time    time.Duration // of Stalls and Jumps
	Files   int           // of Limits
	Signal  Signal        // of SendsSignal and SignalsServing
	All     bool          // of SendsSignal: to the server and all its descendants
	Of      string        // of SignalsServing: a client
	Fault   *Fault        // of Injects
}

// Verb is what an action does.
type Verb uint8

// The actions of clients, and then those of the machine.
const (
	Connects Verb = iota
	Sends
	ShutsDown
	Closes
	Resets
	StopsReading
	Reads
	Stalls
	Jumps
	SendsSignal
	Limits         // RLIMIT_NOFILE of the server and all its descendants
	FillsLog       // nobody reads the server's standard error any more
	ReadsLog       // ends FillsLog
	SignalsServing // sends a signal to the process that serves a client
	Injects        // from now on a fault concerns calls
	Types          // the operator types a line into the server's standard input
	WritesFile
	ReplacesDirectory // by an empty one
)
