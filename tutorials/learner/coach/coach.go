//go:build linux

package coach

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/standing"
)

// Server is one of the servers that the course studies.
type Server struct {
	Name string
	Addr string // its address: 127.0.0.1 and a port
}

// origins returns the origins that a browser may use for the server.
func (s Server) origins() []string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return []string{"http://127.0.0.1:" + port, "http://localhost:" + port}
}

// Options is what a coach works with. All fields are required.
type Options struct {
	Servers     []Server // the servers whose pages may use the coach, and to which its clients connect
	Chapters    []int    // numbers of the chapters in which a reader may predict
	Course      standing.Course
	Experiments []*experiment.Experiment
	Runner      *Runner
	Progress    *progress.File
}

// patience is how long the coach waits for a page to send its request, and to read a response.
const patience = 10 * time.Second

// errEnds ends running experiments when the coach ends.
var errEnds = errors.New("the experiment was stopped because the coach is stopping")

// Coach answers the pages. Call Close after the last request.
type Coach struct {
	o       Options
	of      map[string]Server // the servers by origin
	secret  string            // the secret that each request needs if it changes something
	routes  http.Handler
	clients clients

	life context.Context
	end  context.CancelFunc
	work sync.WaitGroup
}

// New makes a coach, with a new secret.
func New(o Options) *Coach {
	c := &Coach{o: o, of: make(map[string]Server), secret: rand.Text()}
	c.life, c.end = context.WithCancel(context.Background())
	for _, s := range o.Servers {
		for _, origin := range s.origins() {
			c.of[origin] = s
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.front)
	mux.HandleFunc("GET /health", c.health)
	mux.HandleFunc("GET /predictions", c.predictions)
	mux.HandleFunc("POST /predictions", c.predict)
	mux.HandleFunc("GET /reading", c.reading)
	mux.HandleFunc("POST /reading", c.noteReading)
	mux.HandleFunc("GET /standing", c.standing)
	mux.HandleFunc("POST /experiments/{name}", c.experiment)
	mux.HandleFunc("GET /clients", c.listClients)
	mux.HandleFunc("POST /clients", c.addClient)
	mux.HandleFunc("POST /clients/{id}/close", c.closeClient)
	c.routes = mux
	return c
}

// Secret returns what a page must send in the field Coach-Secret to change anything. It has 128
// bits, and each coach has its own.
func (c *Coach) Secret() string { return c.secret }

// server makes the HTTP server for the coach.
func (c *Coach) server() *http.Server {
	return &http.Server{
		Handler: c, ConnContext: withOwner,
		ReadHeaderTimeout: patience, MaxHeaderBytes: 16 << 10, IdleTimeout: time.Minute,
	}
}

// Serve answers on ln until ctx ends. Then it closes ln and the coach.
func (c *Coach) Serve(ctx context.Context, ln net.Listener) error {
	s := c.server()
	stop := context.AfterFunc(ctx, func() {
		c.end() // otherwise a request would last as long as its experiment
		late, done := context.WithTimeout(context.Background(), 2*time.Second)
		defer done()
		s.Shutdown(late)
		s.Close()
	})
	defer stop()
	err := s.Serve(ln)
	c.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close ends everything that the coach has started, and waits until it has ended.
func (c *Coach) Close() {
	c.end()
	c.work.Wait()
	c.clients.work.Wait()
}

//go:embed front.html
var frontText string

var frontPage = template.Must(template.New("front").Parse(frontText))

func (c *Coach) front(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "+unframed) // for the page's own style
	frontPage.Execute(w, map[string]any{"Progress": c.o.Progress.Path(), "Servers": c.o.Servers})
}

func (c *Coach) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, struct {
		OK bool `json:"ok"`
	}{true})
}

func (c *Coach) predictions(w http.ResponseWriter, _ *http.Request) {
	answer(w, c.o.Progress.Predictions())
}

// predictionName matches a chapter's number and the prediction's own name.
var predictionName = regexp.MustCompile(`^[0-9]{1,3}\.[A-Za-z0-9_-]{1,60}$`)

func (c *Coach) predict(w http.ResponseWriter, r *http.Request) {
	var p struct{ Name, Choice string }
	switch {
	case !read(w, r, &p):
	case !predictionName.MatchString(p.Name):
		http.Error(w, "a prediction's name must be a chapter's number and a name, like 1.backlog",
			http.StatusBadRequest)
	case !slices.Contains(c.o.Chapters, chapterOf(p.Name)):
		http.Error(w, fmt.Sprintf("there is no chapter %d", chapterOf(p.Name)), http.StatusBadRequest)
	case p.Choice == "" || len(p.Choice) > progress.MostText || !utf8.ValidString(p.Choice):
		http.Error(w, "a choice must be a text of 1 to 1000 bytes", http.StatusBadRequest)
	default:
		kept(w, c.o.Progress.Predict(p.Name, p.Choice))
	}
}

// chapterOf returns the chapter of a prediction whose name is valid.
func chapterOf(name string) (number int) {
	digits, _, _ := strings.Cut(name, ".")
	number, _ = strconv.Atoi(digits)
	return number
}

func (c *Coach) listClients(w http.ResponseWriter, _ *http.Request) { answer(w, c.clients.views()) }

func (c *Coach) addClient(w http.ResponseWriter, r *http.Request) {
	var p struct{ Kind string }
	if !read(w, r, &p) {
		return
	}
	if _, known := plays[p.Kind]; !known {
		http.Error(w, fmt.Sprintf("there is no kind of client called %q", p.Kind), http.StatusBadRequest)
		return
	}
	id, err := c.clients.add(c.life, p.Kind, c.of[r.Header.Get("Origin")])
	if err != nil {
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	}
	answer(w, struct {
		ID int `json:"id"`
	}{id})
}

func (c *Coach) closeClient(w http.ResponseWriter, r *http.Request) {
	if id, err := strconv.Atoi(r.PathValue("id")); err != nil || !c.clients.close(id) {
		http.Error(w, "there is no such client", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// experiment runs an experiment's program and sends its output, line by line.
func (c *Coach) experiment(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	i := slices.IndexFunc(c.o.Experiments, func(e *experiment.Experiment) bool { return e.ID() == name })
	if i < 0 {
		http.Error(w, fmt.Sprintf("there is no experiment %q", name), http.StatusNotFound)
		return
	}
	if r.ContentLength != 0 { // net/http notices that the page is gone only after it has read all content
		http.Error(w, "the request for an experiment must have no content", http.StatusBadRequest)
		return
	}
	c.work.Add(1)
	defer c.work.Done()
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	defer context.AfterFunc(c.life, func() { stop(errEnds) })()

	e, out := c.o.Experiments[i], stream{w, func() { stop(nil) }}
	said, err := c.o.Runner.Run(ctx, e,
		func(s string) { out.send(map[string]string{"state": s}) },
		func(s string) { out.send(map[string]string{"line": s}) })
	if errors.Is(err, ErrBusy) {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	if err == nil {
		c.remember(e, said)
	}
	var svg []byte
	if err == nil && e.Kind != "none" {
		svg, err = c.chart(e, said)
	}
	end := struct {
		Done  bool   `json:"done"`
		SVG   string `json:"svg"`
		Error string `json:"error"`
	}{Done: true, SVG: string(svg)}
	if err != nil {
		end.Error = err.Error()
	}
	out.send(end)
}

// chart draws the output of an experiment, with our run added to it if that has the same columns.
func (c *Coach) chart(e *experiment.Experiment, said string) ([]byte, error) {
	yours, err := experiment.Parse(said)
	if err != nil {
		return nil, err
	}
	both := []experiment.Named{{Name: "yours", Table: yours}}
	if run, err := e.Recorded(c.o.Runner.Root); err == nil {
		if ours, err := run.Table(); err == nil && ours.Alike(yours) == nil {
			both = append([]experiment.Named{{Name: "ours", Table: ours}}, both...)
		}
	}
	return experiment.Chart(e.Kind, both...)
}

// stream sends JSON objects immediately, one per line.
type stream struct {
	w     http.ResponseWriter
	leave func() // called when the page is gone
}

func (s stream) send(v any) {
	s.w.Header().Set("Content-Type", "application/x-ndjson")
	line, err := json.Marshal(v)
	control := http.NewResponseController(s.w)
	if err == nil {
		control.SetWriteDeadline(time.Now().Add(patience))
		_, err = s.w.Write(append(line, '\n'))
	}
	if err == nil {
		err = control.Flush()
	}
	if err != nil {
		s.leave()
	}
}
