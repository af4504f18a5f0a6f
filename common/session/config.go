package session

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/outq"
	"threeloops/common/stat"
)

// Water marks of a connection's queue, in bytes. Above high water Want loses
// Read, for a peer that doesn't read its replies shall not be given more; below
// low water it has it again.
const (
	HighWater = 256 << 10
	LowWater  = 64 << 10
)

// MaxFiles is how many ranges of files in its queue have the same effect as high
// water. They are few bytes when small files are asked for, and hundreds of such
// requests fit a single read, but each takes a descriptor of all clients'.
const MaxFiles = 16

// lastCall is how long a connection without a request is kept at shutdown: the
// client may have sent one that is still under way, and would have to guess
// whether it was served.
const lastCall = time.Second

// Config is what the sessions of one loop have in common: limits, the
// application, and what they lend each other. It is not safe for concurrent
// use: each loop has its own.
type Config struct {
	App App

	MaxHead    int   // bytes of a request's line and fields
	MaxBody    int64 // bytes of a request's body
	MaxMessage int64 // bytes of a WebSocket message that is not streamed

	Compress Compress // permessage-deflate

	HeadTimeout  time.Duration // for a request's head, from its first byte; for the first one from accept
	IdleTimeout  time.Duration // between requests; of a silent WebSocket; for each 64 KiB of a body
	WriteTimeout time.Duration // without the peer taking a byte
	Looks        bool          // the driver calls Look when LookDue says so: to take a byte then means to acknowledge it
	CloseTimeout time.Duration // for the peer's part of a goodbye, and for its pong

	SplitWrites bool // -more=false: a small file isn't copied behind its header section, so they leave in separate segments
	Legacy      bool // handshakes of hixie-75, hixie-76, hybi-07 and hybi-10 are answered too

	MaxMemory int64 // bytes that all sessions together may hold; 0: no limit
	RoundWork int   // units of work that a round has for all connections, about 100 ns each; 0: 100,000

	Stat  *stat.Slot // where the loop counts; never nil
	Alone bool       // the loop has a single Session, which notes its phase in Stat

	pool    outq.Pool
	readers []*request
	spare   *gather   // for the next message that comes in pieces
	press   *press    // nil until a message is compressed
	sent    int       // messages queued that are not yet counted in Stat
	base    time.Time // now is counted from here
	wall    time.Time // the time of the call under way
	now     instant
	date    []byte // the Date field's line at second dateAt
	dateAt  int64

	full    int      // units of work that a round has
	round   int      // units of work that are left in this round
	reserve int      // of these, units that what has just come must leave to what waits from earlier rounds
	share   int      // units for a connection in a turn
	least   int      // units for it in a round whose work is used up
	turns   int      // turns that were given in this round
	turn    int      // and of these, in the turn of the connection that has it
	whose   *Session // which connection that is; nil: none yet

	reported int64 // bytes held, as noted on the board last
}

// instant is a point in time: nanoseconds since the Config's first use, plus
// one. Zero is no time at all. It takes 8 bytes where time.Time takes 24.
type instant int64

// tell makes now the time of everything until the next call.
func (cfg *Config) tell(now time.Time) {
	if cfg.base.IsZero() {
		cfg.base = now.Add(-1)
	}
	if i := instant(now.Sub(cfg.base)); i != cfg.now {
		cfg.wall, cfg.now = now, i
		cfg.Round()
	}
}

func (cfg *Config) time(i instant) time.Time { return cfg.base.Add(time.Duration(i)) }

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// count adds to Stat the messages that have been queued since it was called
// last. To count each as it is queued would cost as much as to copy it.
func (cfg *Config) count() {
	if cfg.sent > 0 {
		cfg.Stat.Add(stat.MessagesOut, cfg.sent)
		cfg.sent = 0
	}
}

// request is a parser, and the request that it has parsed.
type request struct {
	http1.Reader
	counted int64 // bytes of the Reader's that are counted as held
}

// reader lends the parser for a request that has begun to arrive; release takes
// it back. An idle connection has none.
func (cfg *Config) reader() *request {
	n := len(cfg.readers)
	if n == 0 {
		r := new(request)
		r.Reset(http1.Limits{Head: cfg.MaxHead, Body: cfg.MaxBody})
		return r
	}
	r := cfg.readers[n-1]
	cfg.readers = cfg.readers[:n-1]
	return r
}

func (cfg *Config) release(r *request) {
	const keep = 128
	cfg.pool.Hold(-r.counted)
	r.counted = 0
	if len(cfg.readers) < keep {
		r.Reset(http1.Limits{Head: cfg.MaxHead, Body: cfg.MaxBody})
		cfg.readers = append(cfg.readers, r)
	}
}

// count counts what r holds while its request is incomplete, or put off.
func (r *request) count(cfg *Config) {
	held := int64(r.Held())
	cfg.pool.Hold(held - r.counted)
	r.counted = held
}

// dateField returns the Date line of a reply. It is written anew once a second.
func (cfg *Config) dateField() []byte {
	if sec := cfg.wall.Unix(); sec != cfg.dateAt || cfg.date == nil {
		cfg.dateAt = sec
		cfg.date = append(cfg.date[:0], "Date: "...)
		cfg.date = http1.AppendDate(cfg.date, cfg.wall)
		cfg.date = append(cfg.date, "\r\n"...)
	}
	return cfg.date
}
