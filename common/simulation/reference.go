package simulation

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"

	"threeloops/common/app"
	"threeloops/common/conformance/inmemory"
	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/sim"
	"threeloops/common/tracetest"
)

// reference is the protocol core in memory, to which the clients of a run do the same.
type reference struct {
	cfg   *session.Config
	loop  *tracetest.Loop
	peers map[*stream]*tracetest.Peer
	got   map[*stream][]byte
}

// rootFlag gives the server the files of a run.
const rootFlag = "-root=/files"

// coreFlags begin the flags that the core has.
var coreFlags = []string{"-head-timeout", "-idle-timeout", "-write-timeout", "-close-timeout"}

// newReference returns the core with the flags of a scenario. files are those below the root, if the
// flags name one.
func newReference(flags []string, files memoryFS) *reference {
	var known []string
	var root app.FS // nil: none
	for _, f := range flags {
		for _, name := range coreFlags {
			if strings.HasPrefix(f, name+"=") {
				known = append(known, f)
			}
		}
		switch {
		case f == rootFlag:
			root = files
		case strings.HasPrefix(f, "-hosts="): // what is in the list before and after it changes
			known = append(known, "-hosts=list:localhost")
		}
	}
	cfg, err := inmemory.NewConfig(known, root)
	if err != nil {
		panic(err) // impossible: the server has taken them
	}
	return &reference{cfg, tracetest.NewLoop(cfg), map[*stream]*tracetest.Peer{}, map[*stream][]byte{}}
}

// event is something that happens to the core.
type happening struct {
	step
	st       *stream // nil: all
	shutdown bool
}

// play lets all of it happen, from the time begin to end. Times are multiplied by stretch: with 0
// everything happens at one moment.
func (ref *reference) play(all []happening, begin, end time.Duration, stretch float64) {
	now := begin
	for _, h := range all {
		if d := time.Duration(float64(h.at-now) * stretch); d > 0 {
			ref.loop.Advance(d)
		}
		now = h.at
		if h.shutdown {
			ref.loop.Shutdown()
			continue
		}
		ref.act(&h)
	}
	ref.loop.Advance(time.Duration(float64(end-now) * stretch))
	for st, p := range ref.peers { // their order makes no difference: each has its own output
		ref.got[st] = append(ref.got[st], p.Read()...)
	}
}

func (ref *reference) act(h *happening) {
	p := ref.peers[h.st]
	if p == nil && h.verb == sim.Connects {
		ref.peers[h.st] = ref.loop.Connect()
		return
	}
	if p == nil {
		return // it acts before it connects
	}
	switch h.verb {
	case sim.Sends:
		p.Write(append([]byte(nil), h.data...))
	case sim.ShutsDown:
		p.CloseWrite()
	case sim.Closes, sim.Resets:
		ref.got[h.st] = append(ref.got[h.st], p.Read()...)
		p.Reset()
		return
	}
	ref.got[h.st] = append(ref.got[h.st], p.Read()...)
}

// output is what the core has sent to a client.
func (ref *reference) output(st *stream) *output {
	o := canonical(append([]byte(nil), ref.got[st]...))
	return &o
}

// memoryFS is a root in memory.
type memoryFS map[string][]byte

// Open implements app.FS.
func (m memoryFS) Open(name string) (f outq.File, size int64, modified time.Time, err error) {
	data, ok := m["/"+name]
	if !ok {
		return nil, 0, time.Time{}, fs.ErrNotExist
	}
	return memoryFile(data), int64(len(data)), fileTime, nil
}

// fileTime is when the files of the simulated kernel were made.
var fileTime = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// memoryFile is a file in memory.
type memoryFile []byte

func (f memoryFile) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, errors.New("a negative offset")
	case off >= int64(len(f)):
		return 0, io.EOF
	}
	n := copy(p, f[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f memoryFile) Fd() uintptr   { return 0 }
func (f memoryFile) Changed() bool { return false }
func (f memoryFile) Close() error  { return nil }
