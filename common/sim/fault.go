package sim

// Fault makes system calls fail, or do less than they could.
type Fault struct {
	Call  string // the name of the calls
	Pid   int    // the process whose calls fail; 0: any that runs a program, and so no client
	Errno Errno  // what they return; 0: they don't fail
	// Bytes is the most that a read or a write transfers. It is used if Errno is 0.
	Bytes int
	Skip  int // calls that come before the first that fails
	Times int // how many calls fail; negative: all further ones
}

// Inject adds a fault. Of several that apply to a call the one that was added first counts.
func (k *Kernel) Inject(f Fault) { k.faults = append(k.faults, &f) }

// faultFor returns the errno that a fault gives this call, or 0.
func (k *Kernel) faultFor(t *Thread, call string) Errno {
	if f := k.useFault(t, call, false); f != nil {
		return f.Errno
	}
	return 0
}

// limit is how many of n bytes the call that t is in may transfer from or to d. A fault cuts streams
// of bytes, but not what is read or written as a whole: a message, or the counter of an eventfd.
func (t *Thread) limit(d *description, n int) int {
	if w, ok := d.file.(interface{ wholeOnly() bool }); ok && w.wholeOnly() {
		return n
	}
	if f := t.k.useFault(t, t.current.Call, true); f != nil {
		return min(n, f.Bytes)
	}
	return n
}

// useFault returns the fault that applies to a call, and counts it. bytes says which kind.
func (k *Kernel) useFault(t *Thread, call string, bytes bool) *Fault {
	for _, f := range k.faults {
		if f.Times == 0 || f.Call != call || !f.concerns(t) || bytes != (f.Errno == 0) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

func (f *Fault) concerns(t *Thread) bool {
	if f.Pid == 0 {
		return t != t.proc.outside // a process after fork runs a program, too
	}
	return f.Pid == t.proc.Pid
}
