package command

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/chromedp/chromedp"
)

// pane is one member's half of the chat page: the first or the second.
type pane struct {
	*tab
	n int
}

// at returns a selector for what selector matches in the pane.
func (p pane) at(selector string) CSS {
	return CSS(fmt.Sprintf(".pane:nth-child(%d) %s", p.n, selector))
}

// shows waits until the pane's log has an entry of that kind with that text.
func (p pane) shows(event, text string) {
	p.Helper()
	p.holds(fmt.Sprintf("pane %d shows that", p.n), fmt.Sprintf(`[...document.querySelectorAll(%q)]
		.some((li) => li.textContent.replace(/\s+/g, " ").includes(%q))`, p.at(`li[data-event="`+event+`"]`), text))
}

func (p pane) is(state string) {
	p.Helper()
	p.holds(fmt.Sprintf("pane %d is %s", p.n, state),
		fmt.Sprintf(`document.querySelector(%q).value === %q`, p.at("output"), state))
}

// choose gives a control a value.
func (p pane) choose(selector, value string) {
	p.Helper()
	p.do(Evaluate[Void](fmt.Sprintf(`document.querySelector(%q).value = %q; undefined`, p.at(selector), value)))
}

func (p pane) connect(name string) {
	p.Helper()
	p.choose(`[name="name"]`, name)
	p.do(Click(p.at(`[name="connect"]`)))
	p.is("here")
}

func (p pane) say(text string) {
	p.Helper()
	p.do(SendKeys(p.at(`[name="text"]`), text+"\r"))
}

func TestBrowserChat(t *testing.T) {
	need(t, "chromium")
	each(t, func(t *testing.T, url string) {
		b := browse(t)
		b.do(Navigate(url + "/_/chat"))
		b.servedBy(filepath.Base(t.Name()))
		socket, poll := pane{b, 1}, pane{b, 2}
		b.holds("only the connect buttons work", `document.querySelectorAll(
			"[name=connect]:enabled, [name=disconnect]:disabled, .say :enabled").length === 4`)

		socket.connect("Ann")
		socket.shows("joined", "You are in the room, as Ann.")
		socket.shows("joined", "With you: nobody yet.")
		b.holds("the text field has the focus", `document.activeElement.name === "text"`)
		poll.connect("Bob")
		poll.shows("joined", "With you: Ann.")
		socket.shows("joined", "Bob has joined.")

		socket.say("Grüße ✓ <b>not bold</b>")
		socket.shows("mine", "Ann Grüße ✓ <b>not bold</b>")
		poll.shows("said", "Ann Grüße ✓ <b>not bold</b>")
		poll.say("by requests")
		poll.shows("mine", "Bob by requests")
		socket.shows("said", "Bob by requests")

		poll.choose(`[name="to"]`, "Ann")
		poll.say("in private")
		socket.shows("said", "Bob to Ann alone in private")
		poll.shows("mine", "Bob to Ann alone in private")

		b.do(Click(poll.at(`[name="disconnect"]`)))
		poll.is("away")
		socket.shows("left", "Bob has left.")
		b.holds("a member who has left can't be chosen", `document.querySelector("[name=to]").options.length === 1`)

		b.do(Click(poll.at(`[value="socket"]`)))
		poll.choose(`[name="name"]`, "")
		b.do(SendKeys(poll.at(`[name="name"]`), "ann\r"))
		poll.shows("error", "Refused: someone here is called ann already.")
		poll.is("away")
		poll.connect("Eve")
		poll.shows("said", "Bob by requests") // Bob said this; the new Eve must see it as another member's
		socket.shows("joined", "Eve has joined.")
		b.do(Click(socket.at(`[name="disconnect"]`)))
		socket.is("away")
		poll.shows("left", "Ann has left.")
	})
}

func TestBrowserLeavesTheChatWithItsPage(t *testing.T) {
	need(t, "chromium")
	each(t, func(t *testing.T, url string) {
		b, other := browse(t), browse(t)
		other.do(Navigate(url + "/_/chat"))
		watcher := pane{other, 1}
		watcher.connect("Ann")
		for name, leave := range map[string]Action[Void]{"Bob": Reload(), "Eve": Navigate(url + "/_/history")} {
			b.do(Navigate(url + "/_/chat"))
			pane{b, 2}.connect(name) // by long polling
			watcher.shows("joined", name+" has joined.")
			b.do(leave)
			watcher.shows("left", name+" has left.")
		}
	})
}

func TestBrowserShowsWhatTheOperatorSays(t *testing.T) {
	need(t, "chromium")
	dir := t.TempDir()
	if err := build(t.Context(), dir, "testing them"); err != nil {
		t.Fatal(err)
	}
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			url, console := withConsole(t, filepath.Join(dir, name))
			b := browse(t, "servers.json")
			b.do(Navigate(url + "/_/chat"))
			socket := pane{b, 1}
			socket.connect("Ann")
			io.WriteString(console, "sendall we restart at <b>noon</b>\n")
			socket.shows("operator", "The operator we restart at <b>noon</b>")
			socket.say("thanks")
			socket.shows("mine", "Ann thanks")
		})
	}
}

// withConsole starts a server that obeys its console, and returns the console.
func withConsole(t *testing.T, program string) (url string, console io.Writer) {
	t.Helper()
	cmd := exec.Command(program, "-addr=127.0.0.1:0", "-console")
	console, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if url = regexp.MustCompile(`http://[^ ]+`).FindString(line); url == "" {
		t.Fatalf("want the server's ready line, got %q, %v", line, err)
	}
	return url, console
}
