package command

import (
	"fmt"
	"syscall"
	"testing"

	. "github.com/chromedp/chromedp"
)

// panel is a server's part of the isolation page.
type panel struct {
	*tab
	name string
}

func (p panel) css(below string) string { return `[data-panel="` + p.name + `"] ` + below }

// shows waits until the panel has so many clients in that state, in so many processes.
func (p panel) shows(clients int, state string, processes int) {
	p.Helper()
	p.holds(fmt.Sprintf("%s has %d clients %s in %d processes", p.name, clients, state, processes),
		fmt.Sprintf(`document.querySelectorAll('%s').length === %d &&
			document.querySelectorAll('%s').length === %d`,
			p.css(`.dot[data-state="`+state+`"]`), clients, p.css(".process"), processes))
}

// ninth waits until the panel draws n clients as the ninth, each with a label for that state.
func (p panel) ninth(state string, n int) {
	p.Helper()
	p.holds(fmt.Sprintf("%s has %d ninth clients that are %s", p.name, n, state), fmt.Sprintf(
		`[...document.querySelectorAll('%s')].filter((dot) => dot.ariaLabel === "client 9: %s" &&
			dot.checkVisibility()).length === %d`, p.css(`.dot[data-state="`+state+`"]`), state, n))
}

// says waits until the panel's verdict contains text.
func (p panel) says(text string) {
	p.Helper()
	p.holds(p.name+" shows its verdict", `document.querySelector('`+p.css(".verdict")+`').innerText.includes("`+text+`")`)
}

// crash predicts how many clients will be gone, and crashes a process.
func (p panel) crash(guess string) {
	p.Helper()
	p.holds("the page crashes nothing without a prediction",
		`document.querySelector('`+p.css(".crash")+`').disabled`)
	p.do(Click(CSS(p.css(`input[value="` + guess + `"]`))))
	p.do(Click(CSS(p.css(".crash"))))
}

func TestBrowserIsolation(t *testing.T) {
	need(t, "chromium")
	l := start(t, self("-base", "0"))
	// The page shows lost connections on purpose; a browser reports them as errors.
	b := browse(t, "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET")
	b.do(Navigate(l.urls["forkserv"]+"/"), Click(CSS(`a.button[href="/_/isolation"]`)))
	b.servedBy("forkserv")

	fork := panel{b, "forkserv"}
	fork.shows(8, "open", 8)
	for _, name := range []string{"pollserv", "epollserv"} {
		panel{b, name}.shows(8, "open", 1)
		panel{b, name}.says("Eight clients, one process.")
	}
	fork.says("Eight clients, eight processes.")
	b.holds("the button to connect again is hidden",
		`getComputedStyle(document.querySelector(".again")).display === "none"`)
	fork.crash("0")
	fork.says("0 of 8 lost their connection; as you said.")
	fork.shows(8, "open", 9)
	fork.ninth("crashed", 1)
	b.holds("the ninth client's box shows that its process is gone", `document.querySelector('`+
		fork.css(".process.gone .dot[data-state=crashed]")+`') !== null`)
	fork.crash("1")
	fork.says("0 of 8 lost their connection; you said one.")
	fork.ninth("crashed", 1) // the second ninth client has replaced the first one

	for name, guess := range map[string]string{"pollserv": "1", "epollserv": "8"} {
		p := panel{b, name}
		p.crash(guess)
		p.says(map[string]string{
			"1": "8 of 8 lost their connection; you said one.", "8": "8 of 8 lost their connection; as you said.",
		}[guess])
		p.shows(8, "gone", 1)
		p.ninth("crashed", 1)
		now := another(t, l.urls[name], l.pids[name])
		p.says(fmt.Sprintf("%s was restarted, as process %d.", name, now))

		b.do(Click(CSS(p.css(".again"))))
		p.shows(8, "open", 1)
		p.ninth("crashed", 0)
		b.holds("the server's box shows the new process", fmt.Sprintf(`document.querySelector('%s').innerText === "%d"`,
			p.css(".process b"), now))
	}
	fork.shows(8, "open", 9)

	l.cmd.Process.Signal(syscall.SIGTERM)
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	for line, n := range l.countLines("panic: ") {
		if n != 4 {
			t.Errorf("each of the four crashes must print its line once; got %d times %q", n, line)
		}
	}
}

// A server that runs alone shows only itself, and says how to see the others. A server without
// -demo says that the page can't crash it.
func TestBrowserIsolationAlone(t *testing.T) {
	need(t, "chromium")
	dir := t.TempDir()
	if err := build(t.Context(), dir, "testing them"); err != nil {
		t.Fatal(err)
	}
	server := startServers(t, dir, []string{"pollserv"}, "-addr", "127.0.0.1:0")[0]
	b := browse(t, "servers.json")
	b.do(Navigate(server.url), Click(CSS(`.routes a[href="/_/isolation"]`)))
	b.do(WaitVisible(CSS("#alone")))
	p := panel{b, "pollserv"}
	p.shows(8, "open", 1)
	p.says("The server was started without -demo")
	b.holds("the page has one panel, whose crash buttons are disabled", `document.querySelectorAll(".panel").length === 1 &&
		document.querySelectorAll(".panel input:disabled, .panel .crash:disabled").length === 4`)
}
