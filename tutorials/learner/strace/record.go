package strace

import "time"

// Kind says what a record tells.
type Kind int

// The kinds of records.
const (
	Call       Kind = iota // a system call
	Signal                 // a signal was delivered
	Stopped                // a signal has stopped the process
	Exited                 // the thread has ended by itself
	Killed                 // a signal has ended the thread
	Superseded             // an execve of another thread has ended the thread
)

// Record is one thing that a thread did, or that happened to it.
type Record struct {
	Tid   int       // thread that made the call; 0 if strace followed only one process
	Began time.Time // zero if strace wrote no times
	Ended time.Time // when the call returned; Began for other kinds and for calls without a result
	Kind  Kind

	Name   string  // name of the system call or of the signal
	Args   []Field // arguments of the call, or the fields of the signal's siginfo_t
	Return Return  // result of the call
	Status int     // exit status, or for Superseded the thread that called execve
}

// Return is the result of a system call.
type Return struct {
	Known bool        // false if the call never returned
	Value int64       // the value; -1 if Errno is set
	Errno string      // name of the error, like EAGAIN, or ""
	Fd    *Descriptor // the new descriptor that the call returned, or nil
	Note  string      // what strace adds in parentheses, like “Timeout”
}

// Waited returns how long the call took. It is zero for a call that never returned.
func (r *Record) Waited() time.Duration { return r.Ended.Sub(r.Began) }

// Arg returns the argument at place i. It returns an empty value if there are fewer arguments.
func (r *Record) Arg(i int) Value {
	if i < 0 || i >= len(r.Args) {
		return Value{}
	}
	return r.Args[i].Value
}

// Named returns the argument or field with this name. It returns an empty value if there is none.
func (r *Record) Named(name string) Value { return named(r.Args, name) }

// Text writes the arguments as C source does, without what strace says about descriptors. It cuts
// strings after most bytes.
func (r *Record) Text(most int) string { return string(appendFields(nil, r.Args, most)) }
