package session

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/outq"
	"threeloops/common/stat"
)

// Limits of a connection's queue, in bytes. From HighWater on, Want doesn't have Read: a peer that
// doesn't read its responses can't cause further ones. Below LowWater Want has Read again.
const (
	HighWater = 256 << 10
	LowWater  = 64 << 10
)

// MaxFiles is the number of files in a queue that has the same effect as HighWater. One read can
// bring hundreds of requests for small files. They are few bytes, but each takes one of the
// descriptors that all clients share.
const MaxFiles = 16

// idleAtShutdown is how long a connection without a request stays open at shutdown. A request may
// be on its way. If the server closed the connection now, that client couldn't know whether it was
// served.
const idleAtShutdown = time.Second

// Config has what the sessions of one loop share: limits, the application, and memory. It is not
// safe for concurrent use, so each loop has its own.
type Config struct {
	App App

	MaxHead    int   // bytes of the request line and the header fields
	MaxBody    int64 // bytes of a request's body
	MaxMessage int64 // bytes of a WebSocket message that is not streamed

	Compress Compress // permessage-deflate

	// HeadTimeout is the time for the request line and the header fields, from their first byte on.
	// For the first request of a connection it begins at accept.
	HeadTimeout  time.Duration
	IdleTimeout  time.Duration // between requests; of a silent WebSocket; for each 64 KiB of a body
	WriteTimeout time.Duration // without write progress
	CloseTimeout time.Duration // for the peer's Close or FIN, and for its pong

	// CheckAcks: the driver calls AckChecked when AckCheckDue is true. Then write progress means
	// that the peer has acknowledged a byte.
	CheckAcks bool
	// SplitWrites is -more=false: a small file isn't copied after its header fields, so they leave
	// in separate segments.
	SplitWrites bool
	Legacy      bool // also accept handshakes of hixie-75, hixie-76, hybi-07 and hybi-10

	MaxMemory int64 // bytes that all sessions together may hold; 0: no limit
	RoundWork int   // units of work in a round for all connections, about 100 ns each; 0: 100,000

	Stat  *stat.Slot // the counters of the loop; never nil
	Alone bool       // the loop has a single Session, which writes its phase to Stat

	pool              outq.Pool
	readers           []*request
	spareGather       *gather      // for the next message that arrives in pieces
	compressors       *compressors // nil until a message is compressed
	uncountedMessages int          // messages queued and not yet counted in Stat
	base              time.Time    // an instant is counted from here
	wall              time.Time    // the time of the current call
	now               instant
	date              []byte // the Date field line at second dateAt
	dateAt            int64

	roundBudget int      // units of work in a round
	roundLeft   int      // units left in this round
	reserved    int      // units of roundLeft that new input must leave to parked input
	turnBudget  int      // units for one turn of a connection
	minTurn     int      // units for one turn when roundLeft is used up
	turnsGiven  int      // turns given in this round
	turnLeft    int      // units left in the current turn
	turnOf      *Session // the connection that has the turn; nil: none in this round

	reported int64 // bytes held, as last written to Stat
}

// instant is a point in time: nanoseconds since the Config's first use, plus
// one. Zero is no time. It takes 8 bytes where time.Time takes 24.
type instant int64

// setNow sets the time of the current call.
func (cfg *Config) setNow(now time.Time) {
	if cfg.base.IsZero() {
		cfg.base = now.Add(-1)
		cfg.Round() // the first one
	}
	if i := instant(now.Sub(cfg.base)); i != cfg.now {
		cfg.wall, cfg.now = now, i
	}
}

func (cfg *Config) time(i instant) time.Time { return cfg.base.Add(time.Duration(i)) }

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// count adds the messages that were queued since the last call to Stat. Counting each message in
// Stat when it is queued would take as long as copying it.
func (cfg *Config) count() {
	if cfg.uncountedMessages > 0 {
		cfg.Stat.Add(stat.MessagesOut, cfg.uncountedMessages)
		cfg.uncountedMessages = 0
	}
}

// request is a parser, and the request that it has parsed.
type request struct {
	http1.Reader
	heldBytes int64 // bytes of the Reader that are counted as held
}

// reader lends a parser to a request that begins to arrive. release takes it back. An idle
// connection has no parser.
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
	cfg.pool.Hold(-r.heldBytes)
	r.heldBytes = 0
	if len(cfg.readers) < keep {
		r.Reset(http1.Limits{Head: cfg.MaxHead, Body: cfg.MaxBody})
		cfg.readers = append(cfg.readers, r)
	}
}

// count counts the bytes that r holds. It is called while the request is incomplete or postponed.
func (r *request) count(cfg *Config) {
	held := int64(r.Held())
	cfg.pool.Hold(held - r.heldBytes)
	r.heldBytes = held
}

// dateField returns the Date field line of a response. It formats the line once in a second.
func (cfg *Config) dateField() []byte {
	if sec := cfg.wall.Unix(); sec != cfg.dateAt || cfg.date == nil {
		cfg.dateAt = sec
		cfg.date = append(cfg.date[:0], "Date: "...)
		cfg.date = http1.AppendDate(cfg.date, cfg.wall)
		cfg.date = append(cfg.date, "\r\n"...)
	}
	return cfg.date
}
