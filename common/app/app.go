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

// Options is what an App is made from.
type Options struct {
	Name  string     // of the server, as /stats gives it
	Board stat.Board // whose slots /stats adds up
	Slot  int        // the slot of this loop or process, which /stats names as its sender

	Bus        hub.Bus // to the room that all places share; it delivers to the App; nil: there is none
	MaxMessage int64   // bytes of a WebSocket message

	// Peer is the address that a client counts as where the room limits how many
	// members without WebSocket one address has. Nil: it is not known.
	Peer func(c *session.Conn) hub.Addr

	FS       FS  // the files below the root; nil: the built-in site alone
	MaxFiles int // that may be open at a time; 0: any number

	Loopback       bool          // only this machine can reach us: Host is checked although Hosts is nil, and /stats shows peers
	Host           string        // our own name, which that check allows
	Hosts          []string      // names and addresses that Host may have; nil: see Loopback
	Origins        []string      // whose pages may open WebSockets and POST; nil: our own alone
	Lists          func() *Lists // called at each request, because the lists may change; nil: Hosts and Origins stay
	OriginRequired bool          // refuse WebSockets and POSTs without Origin
	Legacy         bool          // Sec-WebSocket-Origin, as Origin was called from hybi-04 to hybi-10, counts too

	TakeDropped func() int // how many log lines were dropped since it was called last; nil: it is not known

	Demo bool // a client may crash the process that serves it, and ask which one that is
}

// Lists are the allow lists, as Options has them. They are never changed, only
// replaced.
type Lists struct{ Hosts, Origins []string }

// lists returns the lists that hold now.
func (a *App) lists() *Lists {
	if a.o.Lists != nil {
		return a.o.Lists()
	}
	return &a.fixed
}

// FS opens files below a root. Implementations must never leave it.
type FS interface {
	// Open opens a file by its name relative to the root, and returns its size in
	// bytes and its modification time. A directory is no error, but has no File.
	// Errors wrap fs.ErrNotExist or fs.ErrPermission where these apply.
	Open(name string) (f outq.File, size int64, modified time.Time, err error)
}

// App serves requests. It implements session.App. It belongs to one loop.
type App struct {
	o        Options
	fixed    Lists // of o
	site     []page
	files    files
	path     []byte        // scratch for decoding
	healthz  session.Fixed // what /healthz says
	lastHost struct {
		by   *Lists
		host string
	} // the Host that was allowed last: most clients of a server use the same one

	guests       map[uint64]*guest       // the WebSockets of /chat, by the connection's number
	pollRequests map[uint64]*pollRequest // the requests to the room without a response yet, by the connection's number
	frames       frames                  // the entries that were rendered last
	spareText    []byte                  // scratch for the text of the next pollRequest
}

var (
	_ session.App                = (*App)(nil)
	_ session.OperatorTextSender = (*App)(nil)
	_ hub.Receiver               = (*App)(nil)
)

// New returns the application.
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
		c.Refuse(403, "this server does not answer for that Host", nil)
		return
	}
	if r.Asterisk() {
		allow(c, "GET, HEAD, POST, OPTIONS")
		return
	}
	if string(r.Method()) == "CONNECT" {
		c.Refuse(501, "this server is no proxy", nil)
		return
	}
	path := r.Path()
	if !r.PlainPath() {
		var ok bool
		path, ok = http1.DecodePath(a.path[:0], path)
		a.path = path
		if !ok {
			c.Refuse(400, "the path is not well formed", nil)
			return
		}
	}
	a.route(c, r, path, body)
}

func (a *App) route(c *session.Conn, r *http1.Request, path, body []byte) {
	switch string(path) {
	case "/chat", "/chat/join", "/chat/poll", "/chat/send", "/chat/leave":
		if a.o.Bus == nil {
			c.Refuse(404, "there is no room here", nil)
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

// method reports whether the request's method is one of allowed. If not, it queues
// the response.
//
// RFC 9110 9.1: a server responds with 501 to a method that it doesn't know, and
// with 405 and Allow to a method that the resource doesn't allow.
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
		c.Refuse(501, "this server does not know that method", nil)
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

// Message implements session.App: chat, or echo.
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

// Drained implements session.App. An echo sends only what has arrived, so it has
// nothing more to send.
func (a *App) Drained(*session.Conn) {}

// Timer implements session.App: a poll has waited for pollWait.
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
			c.SetData(nil) // the connection may go on, and open another WebSocket
		}
		return
	}
	if ifMatchRefused(c, r) {
		return
	}
	// RFC 9110 2.2: "A sender MUST NOT generate protocol elements that do not match the grammar defined by
	// the corresponding ABNF rules." What came needn't match it.
	typ, ok := only(r, "Content-Type")
	if !ok || !http1.IsMediaType(typ) {
		typ = []byte("application/octet-stream")
	}
	f := append([]byte("Content-Type: "), typ...)
	f = append(f, "\r\n"+nosniff+"Cache-Control: no-store\r\n"...)
	c.Respond(&session.Response{Status: 200, Fields: f, Body: body})
}

// ifMatchRefused refuses a POST with If-Match: no resource here can match it.
func ifMatchRefused(c *session.Conn, r *http1.Request) bool {
	_, ok := r.Field("If-Match")
	if ok {
		c.Refuse(412, "there is nothing here to be matched", nil) // RFC 9110 13.1.1, also of "*"
	}
	return ok
}

var echoProtocols = []string{"echo"}
