package command

import (
	"fmt"
	"testing"
	"time"

	. "github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestBrowserLab tries the laboratory in a browser: each control, by mouse and by keyboard. The programs
// are built once for all its parts.
func TestBrowserLab(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	need(t, "chromium")
	cmd := self("-base", "0")
	cmd.Env = append(cmd.Env, withLab(t)...)
	l := start(t, cmd)
	for end := time.Now().Add(5 * time.Minute); !labAt(t, l.urls["epollserv"]).Ready; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("after five minutes the programs of the lab aren't built")
		}
	}
	for _, name := range models {
		t.Run("comes from "+name, func(t *testing.T) { labComesFrom(t, l.urls[name], name) })
	}
	var used []string
	for _, c := range []struct {
		about  string
		try    func(b *labTab)
		errors []string // that the page may write to its console
	}{
		{about: "loads that overlap", try: labLoads},
		{about: "crashes", try: labCrashes, errors: []string{"has crashed"}},
		{about: "steps on and back", try: labSteps},
		{about: "keys", try: labKeys},
		{about: "clients", try: labClients},
		{about: "trouble", try: labTrouble},
		{about: "kernel", try: labKernel},
		{about: "descriptor tables", try: labTables},
		{about: "words", try: labWords},
		{about: "program", try: labProgram},
		{about: "parts", try: labParts},
		{about: "side by side", try: labCompares},
		{about: "diagrams", try: labDiagrams},
		{about: "address", try: labAddress},
		{about: "gallery", try: labGallery},
		{about: "mistakes in a text", try: labErrors},
		{about: "names", try: labNames},
		{about: "phone, dark, without motion", try: labMedia},
		{about: "on paper", try: labPrint},
		{about: "speed", try: labSpeed},
	} {
		t.Run(c.about, func(t *testing.T) {
			b := &labTab{browse(t, c.errors...), l.urls["pollserv"]}
			c.try(b)
			used = append(used, b.used()...)
		})
	}
	if !t.Failed() {
		t.Run("each control is used", func(t *testing.T) { labUnused(t, l.urls["pollserv"], used) })
	}
}

// labTab is a tab with the laboratory.
type labTab struct {
	*tab
	url string
}

// open opens the laboratory with what comes after # in its address.
func (b *labTab) open(hash string) {
	b.Helper()
	b.do(Navigate("about:blank"), Navigate(b.url+"/lab.html#"+hash))
	b.holds("the laboratory is ready", `document.querySelector("#lab")?.inert === false`)
	b.watch()
}

// follow opens what a link in the page names, without loading the page again.
func (b *labTab) follow(hash string) {
	b.Helper()
	b.do(Evaluate[Void](fmt.Sprintf(`location.hash = %q; undefined`, hash)))
}

// press presses a control with a script, also if it is out of sight.
func (b *labTab) press(selector string) {
	b.Helper()
	b.do(Evaluate[Void](`document.querySelector('` + selector + `').click(); undefined`))
}

// goTo types a time into its field, and goes there.
func (b *labTab) goTo(ms string) {
	b.Helper()
	b.do(Evaluate[Void](`document.querySelector("#until-time").value = ""; undefined`), SendKeys(CSS("#until-time"), ms+kb.Enter))
}

// says waits until the line about the step contains a text.
func (b *labTab) says(about, text string) {
	b.Helper()
	b.holds(about, `document.querySelector("#now").textContent.includes(`+fmt.Sprintf("%q", text)+`)`)
}

// wrote waits until the scenario's text contains a line with a text.
func (b *labTab) wrote(text string) {
	b.Helper()
	b.holds("the scenario has “"+text+"”", `document.querySelector("#scenario").value.includes(`+fmt.Sprintf("%q", text)+`)`)
}

// step is a JavaScript expression for the number of the step.
const labStep = `Number(document.querySelector("#slider").value)`

func (b *labTab) step() int {
	b.Helper()
	n, err := Run(b.ctx, Evaluate[int](labStep))
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// labState is a JavaScript expression for all that the columns show.
const labState = `["#now", "#clients .who", "#kernel", "#turn", "#call", "#threads"]
	.map((name) => document.querySelector(name).textContent).join("\n")`

func (b *labTab) state() string {
	b.Helper()
	text, err := Run(b.ctx, Evaluate[string](labState))
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func labComesFrom(t *testing.T, url, name string) {
	b := &labTab{browse(t), url}
	labEverywhere(b, name)
	b.servedBy(name)
}

func labSteps(b *labTab) {
	b.open("&server=epollserv")
	states := []string{b.state()}
	first := b.step()
	for range 12 {
		b.press(`[data-forward="step"]`)
		states = append(states, b.state())
	}
	if got := b.step(); got != first+12 {
		b.Errorf("twelve steps lead from step %d to step %d", first, got)
	}
	for i := len(states) - 2; i >= 0; i-- {
		b.press(`[data-back="step"]`)
		if got := b.state(); got != states[i] {
			b.Fatalf("step %d looks like this on the way back:\n%s\nand this on the way there:\n%s", first+i, got, states[i])
		}
	}
	b.press(`[data-forward="iteration"]`)
	b.says("an iteration ends when the wait returns", "epoll_wait(")
	iteration := b.step()
	b.press(`[data-forward="iteration"]`)
	b.press(`[data-back="iteration"]`)
	if got := b.step(); got != iteration {
		b.Errorf("an iteration on and back leads from step %d to step %d", iteration, got)
	}
	b.press(`[data-forward="action"]`)
	action := b.step()
	b.press(`[data-forward="action"]`)
	b.press(`[data-back="action"]`)
	if got := b.step(); got != action {
		b.Errorf("an action on and back leads from step %d to step %d", action, got)
	}
	b.goTo("450")
	b.says("the page goes to a time", "at 400 ms")
	b.goTo("150")
	b.says("also to one that is past", "at 100 ms")
	b.goTo("soon")
	b.says("what is no time is refused", "milliseconds")
	b.do(Evaluate[Void](`const slider = document.querySelector("#slider");
		slider.value = 0; slider.dispatchEvent(new Event("input")); undefined`))
	b.says("the slider leads to the start", "Step 0 of")
	b.do(Click(CSS("#play")))
	b.holds("the page plays", labStep+` > 2`)
	b.do(Click(CSS("#play")))
	b.holds("it can be paused", `document.querySelector("#play").textContent === "Play"`)
}

func labKeys(b *labTab) {
	b.open("&server=pollserv")
	key := func(name string, shift bool) {
		b.Helper()
		b.do(Evaluate[Void](fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
			{ key: %q, shiftKey: %v, bubbles: true, cancelable: true })); undefined`, name, shift)))
	}
	first := b.step()
	key("ArrowRight", false)
	key("ArrowRight", false)
	key("ArrowLeft", false)
	if got := b.step(); got != first+1 {
		b.Errorf("arrow keys lead from step %d to step %d, want one more", first, got)
	}
	key("ArrowDown", true)
	b.says("Shift and an arrow lead to an action", "A sends")
	key("ArrowRight", true)
	b.says("or to the end of an iteration", "poll(")
	key("ArrowLeft", true)
	key("ArrowUp", true)
	b.says("and back", "A connects")
	b.do(Click(CSS("#play")))
	key("Escape", false)
	b.holds("Escape pauses", `document.querySelector("#play").textContent === "Play"`)
	b.do(Click(CSS(`[name="server"][value="epollserv"]`)))
	b.holds("a click chooses a server", `document.querySelector("main").className === "epoll"`)
	epoll := b.step()
	key("ArrowRight", false)
	b.holds("after the click an arrow key makes a step", fmt.Sprint(labStep, " === ", epoll+1))
	key("ArrowLeft", false)
	at := b.step()
	b.do(Evaluate[Void](`document.querySelector("#text").open = true; undefined`), Focus(CSS("#scenario")))
	key("ArrowRight", false)
	if got := b.step(); got != at {
		b.Errorf("an arrow key in the text leads from step %d to step %d", at, got)
	}
	b.do(Focus(CSS("#slider")), SendKeys(CSS("#slider"), kb.ArrowRight))
	b.holds("an arrow key on the slider makes a step", fmt.Sprint(labStep, " === ", at+1))
	b.do(Focus(CSS(`[data-forward="step"]`)), SendKeys(CSS(`[data-forward="step"]`), "\r"))
	b.holds("Enter presses a button", fmt.Sprint(labStep, " === ", at+2))
}

func labClients(b *labTab) {
	b.open("&server=epollserv")
	for _, n := range []string{"1", "10", "100"} {
		b.press(`[data-connect="` + n + `"]`)
		b.press(`[data-forward="iteration"]`)
		b.press(`[data-silent="1"]`)
	}
	b.wrote("C connects")
	b.wrote("D1..D10 connect")
	b.wrote("E1..E100 connect")
	b.holds("all of them are listed", `document.querySelectorAll(".who li").length >= 111`)
	b.press(`.who [value="C"]`)
	for range 2 {
		b.press(`[data-send="half"]`)
		b.press(`[data-silent="1"]`)
	}
	b.wrote(`C sends "GET /healthz HTTP/1.1"`)
	b.press(`[data-send="byte"]`)
	b.press(`[data-silent="1"]`)
	b.press(`[data-back="action"]`)
	b.press(`[data-back="action"]`)
	b.holds("the page counts what is sent", `document.querySelector("#unsent").textContent.startsWith("32 of 42 bytes are sent")`)
	b.press(`[data-send="all"]`)
	b.press(`[data-silent="1"]`)
	b.holds("the client gets the response", `[...document.querySelectorAll(".who li")].some((li) =>
		li.querySelector("input").value === "C" && li.textContent.includes("ok"))`)
	b.write("#message", `TRACE "\x41"\r\n`)
	b.press(`[data-send="all"]`)
	b.wrote(`C sends "TRACE \"A\"\r\n"`)
	b.press(`[data-silent="1"]`)
	for button, line := range map[string]string{"stops reading": "C stops reading", "reads 100 bytes": "C reads 100 bytes", "reads": "C reads",
		"shuts down": "C shuts down"} {
		b.press(`[data-act="` + button + `"]`)
		b.press(`[data-silent="1"]`)
		b.wrote(line)
	}
	b.press(`.who [value="D1..D10"]`)
	b.press(`[data-act="closes"]`)
	b.press(`[data-silent="10"]`)
	b.wrote("D1..D10 close")
	b.press(`.who [value="E1..E100"]`)
	b.press(`[data-act="resets"]`)
	b.press(`[data-silent="60"]`)
	b.wrote("E1..E100 reset")
	b.press(`[data-act="connects"]`)
	b.press(`[data-silent="1"]`)
	b.holds("no socket is lost", `[...document.querySelectorAll(".who li")].filter((li) => li.textContent.includes(" connected")).length >= 100`)
}

func labTrouble(b *labTab) {
	b.open("&server=forkserv")
	b.press(`[data-forward="action"]`)
	b.press(`[data-forward="iteration"]`)
	b.press(`[data-silent="1"]`)
	b.choose("#fault-call", "accept4")
	b.choose("#fault-kind", "EMFILE")
	b.choose("#fault-times", "2 times")
	b.press(`[data-trouble="fault"]`)
	b.wrote("fault accept4 EMFILE 2 times")
	b.press(`[data-silent="1"]`)
	b.press(`[data-connect="1"]`)
	b.press(`[data-silent="1"]`)
	b.holds("accept4 fails", `[...document.querySelectorAll("#counts tr")].some((tr) => tr.textContent.startsWith("accept4"))`)
	b.choose("#stall", "2")
	b.choose("#limit", "12")
	for _, c := range []struct{ press, line string }{
		{`[data-trouble="stall"]`, "the machine stalls for 2s"},
		{`[data-trouble="limit"]`, "the limit of files is 12"},
		{`[data-line="the clock jumps by 1h"]`, "the clock jumps by 1h"},
		{`[data-line="the clock jumps by -1h"]`, "the clock jumps by -1h"},
		{`[data-line="the log is full"]`, "the log is full"},
		{`[data-line="the log is read"]`, "the log is read"},
	} {
		b.press(c.press)
		b.wrote(c.line)
		b.press(`[data-silent="1"]`)
	}
	for _, what := range []string{"stops", "continues", "is killed"} {
		b.choose("#serving", what)
		b.press(`[data-trouble="serving"]`)
		b.wrote(" " + what)
		b.press(`[data-silent="1"]`)
	}
	b.choose("#signal", "SIGTERM")
	b.press("#to-all")
	b.press(`[data-trouble="signal"]`)
	b.wrote("SIGTERM to all")
	b.press(`[data-silent="60"]`)
	b.holds("the server ends", `document.querySelector("#turn").textContent.startsWith("The server has ended")`)
}

func labKernel(b *labTab) {
	b.open("&server=epollserv")
	for range 2 {
		b.press(`[data-forward="action"]`)
	}
	b.holds("the request is in the server's receive buffer", `[...document.querySelectorAll(".connection")].some((card) =>
		card.textContent.includes("42 B") && card.textContent.includes("GET /healthz"))`)
	b.press(".connection summary")
	b.holds("all its bytes can be seen", `document.querySelector(".connection pre").textContent.includes("Host: localhost")`)
	b.holds("the descriptor is on the ready list", `document.querySelectorAll('[data-part="watches"] .chips li').length === 1 &&
		[...document.querySelectorAll('[data-part="watches"] tbody tr')].filter((tr) => tr.textContent.endsWith("yes")).length === 1`)
	const arrows = `document.querySelectorAll(".tables path").length === document.querySelectorAll(".fds [data-file]").length`
	b.holds("each descriptor has an arrow, and those of the start are in one row", arrows+` &&
		document.querySelectorAll(".fds [data-file]").length === 1 && document.querySelector(".fds .old").textContent === "0–6 as at the start"`)
	b.press(`[data-part="descriptors"] [name="old"]`)
	b.holds("they can be shown too", arrows+` && document.querySelectorAll(".fds [data-file]").length === 8`)
	b.press(`[data-part="descriptors"] [name="clients"]`)
	b.holds("the clients' can be shown too", `[...document.querySelectorAll(".fds .head")].some((li) => li.textContent.startsWith("A:"))`)
	b.open("&server=pollserv")
	b.press(`[data-forward="action"]`)
	b.press(`[data-forward="iteration"]`)
	b.holds("poll's array says that the listener is ready", `[...document.querySelectorAll('[data-part="watches"] tbody tr')].some((tr) =>
		tr.children[1].textContent.startsWith("listener") && tr.children[3].textContent === "IN")`)
	b.open("&server=forkserv&step=100")
	b.goTo("450")
	b.holds("the children are below their parent", `document.querySelectorAll(".tree ul li").length === 2`)
	b.holds("a child says what it serves", `document.querySelector(".tree ul li").textContent.includes("holds A")`)
	b.holds("the part opened when the first child began", `document.querySelector('[data-part="tree"]').open`)
	labKernelParts(b)
	b.open("accept-queue-overflow")
	b.holds("the gallery fills an accept queue", `(() => {
		document.querySelector('[data-forward="step"]').click();
		return document.querySelectorAll('[data-part="queue"] .chips li').length > 1;
	})()`)
}

func labProgram(b *labTab) {
	b.open("&server=epollserv")
	b.press(`[data-forward="action"]`)
	b.press(`[data-forward="iteration"]`)
	b.press(`[data-forward="step"]`)
	b.holds("the call is shown", `document.querySelector("#call").textContent.startsWith("accept4(")`)
	b.holds("its line too", `/^in \(\*loop\)\.accept, epollserv\/loop\.go:\d+$/.test(document.querySelector("#where").textContent)`)
	b.holds("the function is beside it, and the line is marked", `document.querySelector("#source [aria-current]")?.textContent.includes("ln.Next()") &&
		document.querySelector("#source pre").textContent.includes("func (l *loop) accept")`)
	b.press(`[name="depth"][value="inner"]`)
	b.holds("so is the line that makes the call", `!document.querySelector("#where").textContent.includes("epollserv/")`)
	b.holds("a thread runs", `document.querySelectorAll("#threads .next").length === 1`)
	b.holds("the server's output can be read", `document.querySelector("#out").textContent.includes("listening on")`)
}
