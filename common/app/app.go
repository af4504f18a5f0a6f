package app

import (
	"strings"
	"time"

	"threeloops/common/http1"
	"threeloops/common/hub"
	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Options are the options of an App.
type Options struct {
	Name  string     // the server's name in /stats
	Board stat.Board // /stats adds up its slots
	Slot  int        // this loop's or process's slot, which /stats names as its sender

	Bus        hub.Bus      // to the chat room, which delivers to the App; nil: no room
	Random     func([]byte) // fills a slice with bytes that nobody can guess; the room needs it
	MaxMessage int64        // maximum size of a WebSocket message in bytes

	// Peer returns the address by which the room counts a client. The room limits the members
	// without a WebSocket for each address. Nil: the addresses are unknown.
	Peer func(c *session.Conn) hub.Addr

	FS       FS  // files below the root; nil: only the built-in site
	MaxFiles int // maximum number of open files; 0: no limit

	// Loopback means that only this machine can reach the server. Then Host is checked even if
	// Hosts is nil, and /stats shows peers.
	Loopback       bool
	Host           string   // our own name, which the check of Host allows
	Hosts          []string // names and addresses that Host may have; nil: see Loopback
	Origins        []string // origins that may open WebSockets and POST; nil: only our own
	OriginRequired bool     // refuse WebSockets and POSTs without Origin
	Legacy         bool     // also check Sec-WebSocket-Origin, the name from hybi-04 to hybi-10

	// Lists returns the current lists in place of Hosts and Origins. It is called at each
	// request, because the lists may change. Nil: they don't change.
	Lists func() *Lists

	// TakeDropped returns how many log lines were dropped since the last call. Nil: unknown.
	TakeDropped func() int

	Demo bool // a client may crash the process that serves it, and ask for its pid
}

// Lists are the allow lists, as in Options. They are never changed, only replaced.
type Lists struct{ Hosts, Origins []string }

// lists returns the current allow lists.
func (a *App) lists() *Lists {
	if a.o.Lists != nil {
		return a.o.Lists()
	}
	return &a.fixed
}

// FS opens files below a root. An implementation must never open a file outside it.
type FS interface {
	// Open opens a file by its name relative to the root. It returns the file's size in bytes
	// and the time of its last modification. For a directory it returns neither a File nor an
	// error. Errors wrap fs.ErrNotExist or fs.ErrPermission where these apply.
	Open(name string) (f outq.File, size int64, modified time.Time, err error)
}

// App serves the requests of one loop. It implements session.App.
type App struct {
	o        Options
	fixed    Lists // the lists in o
	site     []page
	files    files
	path     []byte        // scratch for decoding
	healthz  session.Fixed // response of /healthz
	lastHost struct {
		by   *Lists
		host string
	} // the last allowed Host: most clients of a server use the same one

	guests       map[uint64]*guest       // WebSockets of /chat, by connection number
	guestList    []*guest                // the same, in an order that is the same in each run
	pollRequests map[uint64]*pollRequest // waiting room requests, by connection number
	frames       frames                  // the last entries that were rendered
	spareText    []byte                  // buffer for the text of the next pollRequest
}

var (
	_ session.App                = (*App)(nil)
	_ session.OperatorTextSender = (*App)(nil)
	_ hub.Receiver               = (*App)(nil)
)

// New returns the application of one loop or process.
func New(o Options) *App {
	return &App{
		o: o, fixed: Lists{o.Hosts, o.Origins}, site: builtIn(),
		healthz: session.Fixed{Response: session.Response{Status: 200, Fields: plainText, Body: []byte("ok\n")}},
		guests:  map[uint64]*guest{}, pollRequests: map[uint64]*pollRequest{},
	}
}

// Request implements session.App.
func (a *App) Request(c *session.Conn, r *http1.Request, body []byte) {
	if !a.hostAllowed(r.Host()) {
		c.Refuse(403, "this server doesn't accept that Host", nil)
		return
	}
	if r.Asterisk() {
		allow(c, "GET, HEAD, POST, OPTIONS")
		return
	}
	if string(r.Method()) == "CONNECT" {
		c.Refuse(501, "this server isn't a proxy", nil)
		return
	}
	path := r.Path()
	if !r.PlainPath() {
		var ok bool
		path, ok = http1.DecodePath(a.path[:0], path)
		a.path = path
		if !ok {
			c.Refuse(400, "the path is malformed", nil)
			return
		}
	}
	a.route(c, r, path, body)
}

func (a *App) route(c *session.Conn, r *http1.Request, path, body []byte) {
	switch string(path) {
	case "/chat", "/chat/join", "/chat/poll", "/chat/send", "/chat/leave":
		if a.o.Bus == nil {
			c.Refuse(404, "this server has no chat room", nil)
		} else if len(path) > len("/chat") {
			a.serveChatRequest(c, r, string(path), body)
		} else if a.method(c, r, getOnly) && a.originChecked(c, r) {
			a.chat(c, r)
		}
	case "/echo":
		if a.method(c, r, "GET, HEAD, POST, OPTIONS") && a.originChecked(c, r) {
			a.echo(c, r, body)
		}
	case "/stats":
		if a.method(c, r, getOnly) && !a.conditionsForbid(c, r, validators{}, nil) {
			a.stats(c)
		}
	case "/metrics":
		if a.method(c, r, getOnly) && !a.conditionsForbid(c, r, validators{}, nil) {
			a.metrics(c)
		}
	case "/healthz":
		if a.method(c, r, getOnly) && !a.conditionsForbid(c, r, validators{}, nil) {
			c.RespondFixed(&a.healthz)
		}
	case "/_/crash":
		a.crash(c, r)
	default:
		if a.method(c, r, getOnly) {
			a.file(c, r, path)
		}
	}
}

const getOnly = "GET, HEAD, OPTIONS"

var plainText = []byte("Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n")

// method reports whether the request's method is one of allowed. If not, it queues the response.
//
// RFC 9110 9.1: the response is a 501 if the server doesn't know the method, and a 405 with Allow
// if the resource doesn't allow it.
func (a *App) method(c *session.Conn, r *http1.Request, allowed string) bool {
	if string(r.Method()) == "GET" && strings.HasPrefix(allowed, "GET") {
		return true
	}
	switch m := string(r.Method()); m {
	case "OPTIONS":
		allow(c, allowed)
		return false
	case "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE":
		if strings.Contains(allowed, m) {
			return true
		}
	default:
		c.Refuse(501, "this server doesn't know that method", nil)
		return false
	}
	c.Refuse(405, "this resource allows "+allowed, []byte("Allow: "+allowed+"\r\n"))
	return false
}

func allow(c *session.Conn, methods string) {
	c.Respond(&session.Response{Status: 204, Fields: []byte("Allow: " + methods + "\r\n")})
}

// Open implements session.App.
func (a *App) Open(c *session.Conn) {
	if g, ok := c.Data().(*guest); ok {
		a.addGuest(g)
	}
	if _, ok := c.Data().(pidQuery); ok {
		a.sendPid(c)
	}
}

// Message implements session.App. The message is for the chat or the echo.
func (a *App) Message(c *session.Conn, m session.Message) {
	if g, ok := c.Data().(*guest); ok {
		a.chatMessage(g, m)
		return
	}
	if m.First && m.Last {
		c.Forward(&m)
	} else {
		c.SendPiece(m.Text, m.Bytes(), m.First, m.Last)
	}
}

// Drained implements session.App. An echo sends only what has arrived, so there is nothing more to
// send.
func (a *App) Drained(*session.Conn) {}

// Timer implements session.App. It ends a poll that has waited for pollWait.
func (a *App) Timer(c *session.Conn, _ time.Time) { a.stopPoll(c) }

// Gone implements session.App.
func (a *App) Gone(c *session.Conn, _ ws.Code) {
	if g := a.guests[c.ID()]; g != nil {
		a.removeGuest(g)
	}
	a.forgetRequest(c)
	a.forgetFileRequest(c)
}

// echo opens a WebSocket, or returns the body of a POST.
func (a *App) echo(c *session.Conn, r *http1.Request, body []byte) {
	if string(r.Method()) != "POST" {
		var scratch [16]byte
		query, _ := http1.Unescape(scratch[:0], r.Query())
		if a.o.Demo && string(query) == "pid" {
			c.SetData(pidQuery{})
		}
		if !c.Upgrade(r, echoProtocols, string(query) == "stream") {
			c.SetData(nil) // the connection may open another WebSocket later
		}
		return
	}
	if ifMatchRefused(c, r) {
		return
	}
	// RFC 9110 2.2: "A sender MUST NOT generate protocol elements that do not match the grammar
	// defined by the corresponding ABNF rules." The Content-Type of the request may be invalid.
	typ, ok := only(r, "Content-Type")
	if !ok || !http1.IsMediaType(typ) {
		typ = []byte("application/octet-stream")
	}
	f := append([]byte("Content-Type: "), typ...)
	f = append(f, "\r\n"+nosniff+"Cache-Control: no-store\r\n"...)
	c.Respond(&session.Response{Status: 200, Fields: f, Body: body})
}

// ifMatchRefused refuses a POST with If-Match, because nothing that it is sent to can match. It
// reports whether it has refused the request.
func ifMatchRefused(c *session.Conn, r *http1.Request) bool {
	_, ok := r.Field("If-Match")
	if ok {
		// RFC 9110 13.1.1: this is true for "*" too.
		c.Refuse(412, "nothing here can match If-Match", nil)
	}
	return ok
}

var echoProtocols = []string{"echo"}
