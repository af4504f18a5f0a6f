package command

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/chromedp/chromedp"
)

// tab is a tab of a headless Chromium. If a method fails, the test fails.
type tab struct {
	*testing.T
	ctx context.Context
}

// browse opens a tab for a minute; on a busy machine for up to four. When the test ends, everything that the page wrote to the console is an
// error, exceptions and refused scripts included, unless it contains one of expected.
func browse(t *testing.T, expected ...string) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(min(crowd(t), 4)*float64(time.Minute)))
	t.Cleanup(cancel)
	ctx, cancel = NewExecAllocator(ctx,
		ExecPath(need(t, "chromium")), UserDataDir(t.TempDir()), Headless, NoSandbox, DisableGPU, NoFirstRun,
		Flag("disable-quic", true), Flag("disable-background-networking", true),
		Flag("disable-component-update", true), Flag("disable-sync", true), Flag("disable-dev-shm-usage", true))
	t.Cleanup(cancel)
	ctx, cancel = NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t, ctx}
	b.do(EmulateViewport(1000, 1200))
	console := Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			known := func(text string) bool { return strings.Contains(m.Text+m.URL, text) }
			// A browser requests the icon for a JSON document, too, which can't name another one.
			if !strings.HasSuffix(m.URL, "/favicon.ico") && !slices.ContainsFunc(expected, known) {
				t.Errorf("an error on the page's console: %v (%s)", m, m.URL)
			}
		}
	}()
	return b
}

func (b *tab) do(steps ...Action[Void]) {
	b.Helper()
	if err := Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// holds waits until a JavaScript expression is true. It evaluates the expression again and again
// itself, because the library's own Poll fails when a new page arrives in between.
func (b *tab) holds(about, expression string) {
	b.Helper()
	var yes bool
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if yes, err = Run(b.ctx, Evaluate[bool](expression)); yes {
			return
		}
	}
	text, _ := Run(b.ctx, Evaluate[string](`location + "\n" + document.body.innerText`))
	b.Fatalf("%s: %s is not true (%v); the page is\n%s", about, expression, err, text)
}

// servedBy waits until the page says that it came from the server name.
func (b *tab) servedBy(name string) {
	b.Helper()
	b.holds("the page says who served it", `document.getElementById("server")?.textContent === "`+name+`"`)
}

// logged waits until the echo page's log has an entry that begins with event and contains text.
func (b *tab) logged(event, text string) {
	b.Helper()
	b.holds("the log says "+event, `[...document.querySelectorAll("#log li")].some((li) =>
		li.querySelector("b").textContent === "`+event+`" && li.textContent.includes("`+text+`"))`)
}

func TestBrowserEcho(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		name := filepath.Base(t.Name())
		b := browse(t)
		b.do(Navigate(url + "/"))
		b.servedBy(name)

		b.do(Click(CSS(`[data-model="` + name + `"] a.button`)))
		b.holds("the link leads to the echo page", `location == "`+url+`/_/echo"`)
		b.servedBy(name)
		b.holds("only the connect button works",
			`document.querySelectorAll("#connect:enabled, #disconnect:disabled, #send:disabled").length === 3`)

		b.do(Click(CSS("#connect")))
		b.logged("opened", "after")
		b.holds("the state is open", `document.getElementById("state").value === "open"`)
		b.holds("the message field has the focus", `document.activeElement.id === "message"`)

		b.do(Clear(CSS("#message")), SendKeys(CSS("#message"), "Grüße ✓"), Click(CSS("#send")))
		b.logged("sent", "text “Grüße ✓”, 7 characters")
		b.logged("received", "text “Grüße ✓”, 7 characters, after ")

		// Key events can't type a zero-width joiner, so the script sets these texts.
		for text, characters := range map[string]string{
			"grüße 🎉": "7 characters", "👩\u200d👩\u200d👧": "1 character", "e\u0301": "1 character",
		} {
			b.do(Evaluate[Void](`message.value = "`+text+`"; undefined`), Click(CSS("#send")))
			b.logged("sent", "text “"+text+"”, "+characters)
			b.logged("received", "text “"+text+"”, "+characters+", after ")
		}
		b.do(Evaluate[Void](`message.value = "x".repeat(63) + "🎉!"; undefined`), Click(CSS("#send")))
		b.logged("received", "x🎉…”, 65 characters")

		b.do(Clear(CSS("#message")), SendKeys(CSS("#message"), "by the enter key\r"))
		b.logged("received", "by the enter key")

		b.do(Click(CSS(`input[value="binary"]`)))
		b.do(Clear(CSS("#message")), SendKeys(CSS("#message"), "€"), Click(CSS("#send")))
		b.logged("sent", "binary e2 82 ac, 3 bytes")
		b.logged("received", "binary e2 82 ac, 3 bytes, after ")

		b.do(Click(CSS("#disconnect")))
		b.logged("closed", "code 1000")
		b.do(Click(CSS("#connect")))
		b.holds("the page can connect again", `document.getElementById("state").value === "open"`)
	})
}

func TestBrowserReadsTheSite(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		name := filepath.Base(t.Name())
		b := browse(t)
		b.do(Navigate(url + "/"))
		for _, step := range []struct{ about, link, path string }{
			{"the front page leads to the chapters", "/chapters/", "/chapters/"},
			{"the chapters to a page", "/chapters/about.html", "/chapters/about.html"},
			{"a quote to the source", "/source/pollserv/loop.go.html#go-loop.readFrom",
				"/source/pollserv/loop.go.html"},
			{"the source to the index", "/source/", "/source/"},
			{"the index to the loops", "/source/loops.html", "/source/loops.html"},
		} {
			// Not a click at a place: the list of chapters grows when the coach has said what the reader has done.
			b.holds(step.about+": its link", `(document.querySelector('main a[href="`+step.link+`"], header a[href="`+step.link+
				`"]')?.click(), true)`)
			b.holds(step.about, `location.pathname === "`+step.path+`"`)
			b.servedBy(name)
			b.holds("the page shows the cost of its request",
				`/process \d+;.* made [\d,]+ system calls/.test(document.getElementById("how").textContent)`)
		}
		b.do(EmulateViewport(400, 800))
		for _, path := range []string{"/", "/chapters/", "/chapters/about.html", "/source/", "/source/loops.html",
			"/source/pollserv/loop.go.html"} {
			b.do(Navigate(url + path))
			b.holds(path+" is not wider than a phone", `document.documentElement.scrollWidth <= 400`)
		}
	})
}

// Readers type commands in another terminal. What they copy must have no prompt and no output.
func TestBrowserCopiesCommands(t *testing.T) {
	b := browse(t)
	url := servers(t)["pollserv"]
	for _, path := range []string{"/", "/chapters/09-mystery.html", "/chapters/01-one-at-a-time.html"} {
		b.do(Navigate(url + path))
		b.holds(path+" has a button in each block with a command, and in no other", `document.querySelectorAll("pre kbd").length > 0 &&
			[...document.querySelectorAll("pre")].every((pre) => {
				const button = pre.querySelector("button.copy");
				return pre.querySelector("kbd") ? button?.checkVisibility() === pre.checkVisibility() : !button;
			})`)
		b.holds("every command can be copied", `[...document.querySelectorAll("pre")]
			.every((pre) => pre.querySelector("kbd") || !/^(\$ |curl |diff |go run |ps )/m.test(pre.textContent))`)
	}
	b.holds("an indented command can be copied too", `[...document.querySelectorAll("article > pre kbd")]
		.some((kbd) => kbd.textContent === "curl telnet://127.0.0.1:9000")`)
	b.do(Evaluate[Void](`navigator.clipboard.writeText = async (text) => { window.copied = text; }; undefined`))
	b.do(Click(CSS(`.exercise pre .copy`)))
	b.holds("the button copies the commands, each on its own line", `window.copied ===
		"go run ./tutorials start 1 ~/exercise-01\ngo run ./tutorials test 1"`)
	const said = `document.querySelector(".exercise pre .copy").textContent`
	b.holds("the button says that it has copied", said+` === "Copied"`)
	b.holds("the button gets its old label back", said+` === "Copy"`)
	b.do(Evaluate[Void](`navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed")); undefined`))
	b.do(Click(CSS(`.exercise pre .copy`)))
	b.holds("if the browser refuses, the commands are selected", said+` === "Press Ctrl-C" &&
		getSelection().toString().includes("go run ./tutorials test 1")`)
	b.do(EmulateViewport(390, 800), Reload())
	b.holds("the buttons stay in the block on a phone", `document.querySelectorAll(".copy").length > 3 &&
		[...document.querySelectorAll(".copy")].filter((button) => button.checkVisibility()).every((button) => {
			const [inner, outer] = [button, button.closest("pre")].map((e) => e.getBoundingClientRect());
			return inner.left >= outer.left && inner.right <= outer.right + 1 && inner.top >= outer.top &&
				inner.bottom <= outer.bottom + 1;
		})`)
}

func TestBrowserIsToldThatTheServerLeaves(t *testing.T) {
	need(t, "chromium")
	l := start(t, self("-base", "0"))
	for _, name := range models {
		b := browse(t)
		b.do(Navigate(l.urls[name]+"/_/echo"), Click(CSS("#connect")))
		b.logged("opened", "")
		syscall.Kill(l.pids[name], syscall.SIGTERM)
		b.logged("closed", "code 1001")
	}
}

// A page of one server may open a WebSocket to another server, because each server knows the
// origins of all three.
func TestBrowserAcrossServers(t *testing.T) {
	urls := servers(t)
	b := browse(t)
	b.do(Navigate(strings.Replace(urls["forkserv"], "127.0.0.1", "localhost", 1) + "/"))
	for _, other := range models {
		b.do(Evaluate[Void](`window.opened = false; new WebSocket("` + urls[other] + `/echo").onopen =
			() => { window.opened = true; }; undefined`))
		b.holds("a page of forkserv opens a WebSocket to "+other, `window.opened`)
	}
}

// A server without -root shows a built-in front page.
func TestBrowserBuiltInFrontPage(t *testing.T) {
	need(t, "chromium")
	dir := t.TempDir()
	if err := build(t.Context(), dir, "testing them"); err != nil {
		t.Fatal(err)
	}
	for _, s := range startServers(t, dir, models, "-addr", "127.0.0.1:0", "-log", "warn") {
		b := browse(t, "servers.json")
		b.do(Navigate(s.url))
		b.servedBy(s.name)
		b.holds("the page marks the card of its own server",
			`document.querySelector(".card[aria-current]").dataset.model === "`+s.name+`"`)
		const growth = `document.querySelector('[data-counter="requests"]').lastElementChild.textContent`
		b.do(WaitVisible(CSS("#numbers")), Click(CSS("#again")))
		b.holds("the second visit shows which counters have grown", growth+` !== ""`)
		b.do(Click(CSS("#again")))
		b.holds("the third visit counts only its own request", growth+` === "+1"`)
		for _, link := range []string{"/stats", "/metrics", "/healthz", "/_/echo", "/_/chat"} {
			b.do(Navigate(s.url), Click(CSS(`.routes a[href="`+link+`"]`)))
			b.holds("the link leads to "+link, `location.pathname === "`+link+`"`)
		}
	}
}
