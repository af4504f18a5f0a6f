package command

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
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
	for _, c := range []struct {
		about string
		try   func(b *labTab)
	}{
		{"steps on and back", labSteps},
		{"keys", labKeys},
		{"clients", labClients},
		{"trouble", labTrouble},
		{"kernel", labKernel},
		{"program", labProgram},
		{"side by side", labCompares},
		{"diagrams", labDiagrams},
		{"address", labAddress},
		{"gallery", labGallery},
		{"mistakes in a text", labErrors},
		{"names", labNames},
		{"phone, dark, without motion", labMedia},
		{"speed", labSpeed},
	} {
		t.Run(c.about, func(t *testing.T) { c.try(&labTab{browse(t), l.urls["pollserv"]}) })
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
	b.open("&server=" + name)
	b.servedBy(name)
	b.holds("the server of the address runs", `document.querySelector('[name="server"]:checked').value === "`+name+`"`)
	b.says("the first step comes before the first action", "at 100 ms")
	b.press(`[data-forward="action"]`)
	b.says("a client connects", "A connects")
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
	b.holds("the page counts what is sent", `document.querySelector("#rest").textContent.startsWith("32 of 42 bytes are sent")`)
	b.press(`[data-send="all"]`)
	b.press(`[data-silent="1"]`)
	b.holds("the client gets the response", `[...document.querySelectorAll(".who li")].some((li) =>
		li.querySelector("input").value === "C" && li.textContent.includes("ok"))`)
	b.do(Evaluate[Void](`document.querySelector("#message").value = 'TRACE "\\x41"\\r\\n'; undefined`))
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
	choose := func(id, value string) {
		b.Helper()
		b.do(Evaluate[Void](fmt.Sprintf(`document.querySelector(%q).value = %q; undefined`, id, value)))
	}
	choose("#fault-call", "accept4")
	choose("#fault-kind", "EMFILE")
	choose("#fault-times", "2 times")
	b.press(`[data-trouble="fault"]`)
	b.wrote("fault accept4 EMFILE 2 times")
	b.press(`[data-silent="1"]`)
	b.press(`[data-connect="1"]`)
	b.press(`[data-silent="1"]`)
	b.holds("accept4 fails", `[...document.querySelectorAll("#counts tr")].some((tr) => tr.textContent.startsWith("accept4"))`)
	for _, c := range []struct{ press, line string }{
		{`[data-trouble="stall"]`, "the machine stalls for 3s"},
		{`[data-trouble="limit"]`, "the limit of files is 10"},
		{`[data-line="the clock jumps by 1h"]`, "the clock jumps by 1h"},
		{`[data-line="the clock jumps by -1h"]`, "the clock jumps by -1h"},
		{`[data-line="the log is full"]`, "the log is full"},
		{`[data-line="the log is read"]`, "the log is read"},
		{`[data-trouble="serving"]`, "is killed"},
	} {
		b.press(c.press)
		b.wrote(c.line)
		b.press(`[data-silent="1"]`)
	}
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
	b.holds("each descriptor has an arrow", `document.querySelectorAll(".tables path").length ===
		document.querySelectorAll(".fds li:not(.head)").length`)
	b.press(`[data-part="descriptors"] input`)
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

func labCompares(b *labTab) {
	b.open("&server=epollserv")
	b.press("#compare summary")
	b.goTo("950")
	const row = `(name) => [...[...document.querySelectorAll("#compare tbody tr")].find((tr) =>
		tr.firstChild.textContent === name)?.querySelectorAll("td") ?? []].map((td) => td.textContent)`
	b.holds("each server has received the same", `new Set((`+row+`)("bytes in")).size === 1 && Number((`+row+`)("bytes in")[0]) === 84`)
	b.holds("each has its own number of calls", `new Set((`+row+`)("system calls")).size === 3`)
	before := b.step()
	b.press(`[name="server"][value="forkserv"]`)
	b.holds("another server continues at the same time", `document.querySelector("main").classList.contains("fork") &&
		document.querySelector("#now").textContent.includes(", at 90")`)
	b.holds("the others follow it", `document.querySelector("#compare .said").textContent.includes("You step forkserv")`)
	if b.step() == before {
		b.Errorf("forkserv and epollserv have both made %d steps up to the same time", before)
	}
}

func labDiagrams(b *labTab) {
	b.open("&server=pollserv")
	b.holds("the diagram has lanes for the clients and the process", `document.querySelector("#lanes .spacetime .names").textContent.includes("pollserv 1")`)
	b.holds("a connection's phase is lit", `(() => {
		document.querySelector('[data-forward="step"]').click();
		return document.querySelectorAll("#phases .phase.lit").length > 0;
	})()`)
	at := b.step()
	b.do(Focus(CSS("#lanes .scroll")), SendKeys(CSS("#lanes .scroll"), kb.ArrowUp+kb.ArrowUp+kb.ArrowUp))
	b.holds("an event in the diagram leads to its step", fmt.Sprint(labStep, " < ", at))
}

func labAddress(b *labTab) {
	b.open("&server=pollserv")
	b.press(`[data-connect="1"]`)
	b.press(`[data-forward="iteration"]`)
	b.holds("the address has the text", `location.hash.startsWith("#s=") && location.hash.includes("server=pollserv")`)
	state, step := b.state(), b.step()
	b.holds("the link has it too", fmt.Sprintf(`document.querySelector("#link").hash.endsWith("step=%d") && location.hash.endsWith("step=%d")`, step, step))
	b.do(Reload())
	b.holds("the laboratory is ready again", `document.querySelector("#lab")?.inert === false`)
	b.holds("at the same step", fmt.Sprint(labStep, " === ", step))
	withoutCount := func(text string) string { _, rest, _ := strings.Cut(text, ", at "); return rest }
	if got := b.state(); withoutCount(got) != withoutCount(state) {
		b.Errorf("after a reload the page shows\n%s\nand not\n%s", got, state)
	}
	b.do(Evaluate[Void](`location.hash = "#s=%%%"; undefined`))
	b.says("a broken link is refused", "can't be read")
	b.do(Evaluate[Void](`location.hash = "#no-such-scenario"; undefined`))
	b.says("an unknown name is refused", "There is no scenario no-such-scenario.")
	b.open("s=" + base64.RawURLEncoding.EncodeToString([]byte("at 1ms A dances")))
	b.holds("a wrong text is shown with its mistake, and another is played",
		`document.querySelector("#scenario-error").textContent.startsWith("1:")`)
	b.press(`[data-forward="action"]`)
	b.says("it goes on", "A connects")
}

func labGallery(b *labTab) {
	b.open("")
	b.holds("there are many examples", `document.querySelectorAll(".examples a").length >= 20`)
	b.press("#gallery summary")
	b.do(Click(CSS(".examples li:nth-child(3) a")))
	b.holds("a link opens one", `document.querySelector("#question").textContent.length > 20 && !document.querySelector("#answer").hidden`)
	b.holds("the answer is hidden", `!document.querySelector("#answer").open`)
	b.press("#answer summary")
	b.holds("and can be seen", `document.querySelector("#answer p").checkVisibility()`)
	b.open("zombie")
	b.press("#answer summary")
	b.do(Click(CSS("#mended")))
	b.holds("a mistake can be mended", `document.querySelector("#scenario").value.includes("-mistake=none") &&
		document.querySelector("#scenario-title").textContent === "A zombie"`)
	b.do(Evaluate[Void](`(async () => {
		for (const a of document.querySelectorAll(".examples a")) {
			a.click();
			for (let n = 0; document.querySelector("#scenario-title").textContent !== a.textContent; n++) {
				if (n > 500) throw new Error(a.textContent);
				await new Promise((done) => setTimeout(done, 20));
			}
			document.querySelector('[data-forward="iteration"]').click();
		}
		window.played = true;
	})(); undefined`))
	b.holds("every example can be played", `window.played === true`)
}

func labErrors(b *labTab) {
	b.open("")
	b.press("#text summary")
	b.do(Evaluate[Void](`document.querySelector("#scenario").value = "at 0ms A connects\nat 1ms A dances"; undefined`))
	b.press("#use")
	b.holds("a mistake is shown with its place", `document.querySelector("#scenario-error").textContent.startsWith("2:")`)
	b.do(Evaluate[Void](`document.querySelector("#scenario").value = "at 0ms A connects"; undefined`))
	b.press("#use")
	b.holds("a right text is played", `document.querySelector("#scenario-error").textContent === ""`)
	b.press(`[data-forward="action"]`)
	b.says("it begins", "A connects")
}

// labNames checks that a person who can't see the page knows what each control is.
func labNames(b *labTab) {
	b.open("&step=40")
	b.do(Evaluate[Void](`for (const details of document.querySelectorAll("#lab details")) details.open = true; undefined`))
	b.holds("each control has a name", `[...document.querySelectorAll("main button, main input, main select, main textarea, main summary, main a")]
		.every((e) => (e.labels?.[0]?.textContent ?? "").trim() || e.getAttribute("aria-label") || e.textContent.trim())`)
	b.holds("each part that scrolls has a name and takes the focus", `[...document.querySelectorAll("main *")].filter((e) =>
		e.checkVisibility() && e.scrollHeight > e.clientHeight + 2 && ["auto", "scroll"].includes(getComputedStyle(e).overflowY) &&
		!["TEXTAREA", "SELECT"].includes(e.tagName)).every((e) => e.tabIndex === 0 || e.querySelector("input, a") || e.id === "now")`)
	b.holds("no id is there twice", `new Set([...document.querySelectorAll("[id]")].map((e) => e.id)).size ===
		document.querySelectorAll("[id]").length`)
	b.holds("every control can be reached with the Tab key", `[...document.querySelectorAll("main button, main select, main textarea, main summary")]
		.every((e) => e.tabIndex === 0)`)
}

func labMedia(b *labTab) {
	emulate := func(name, value string) {
		b.Helper()
		b.do(Func(func(ctx context.Context, t *Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: name, Value: value}}})
			return err
		}))
	}
	b.open("&step=50")
	for _, width := range []int64{390, 768, 1280} {
		b.do(EmulateViewport(width, 800))
		b.holds(fmt.Sprintf("at %d pixels nothing is wider than the window", width), `document.documentElement.scrollWidth <= innerWidth`)
	}
	b.do(EmulateViewport(390, 800), Evaluate[Void](`document.querySelector("#program").scrollIntoView(); undefined`))
	b.holds("on a phone the moves stay in view", `document.querySelector('[data-forward="step"]').getBoundingClientRect().top >= 0 &&
		document.querySelector('[data-forward="step"]').getBoundingClientRect().bottom < 200`)
	emulate("prefers-color-scheme", "dark")
	b.holds("in the dark the ground is dark", `getComputedStyle(document.querySelector("#kernel")).backgroundColor.match(/\d+/g).every((n) => n < 60)`)
	emulate("prefers-reduced-motion", "reduce")
	b.press(`[data-forward="step"]`)
	b.holds("nothing moves by itself", `document.getAnimations().length === 0`)
}

// labSpeed measures how long the page takes. Other programs use the processor meanwhile, so the fastest of many
// attempts count.
func labSpeed(b *labTab) {
	best := func(about string, most float64, times int, script string) {
		b.Helper()
		took, err := Run(b.ctx, Evaluate[float64](fmt.Sprintf(`(() => {
			const all = Array.from({ length: %d }, () => {
				const begin = performance.now();
				%s;
				document.body.getBoundingClientRect();
				return performance.now() - begin;
			});
			return all.sort((a, b) => a - b)[Math.floor(all.length / 20)];
		})()`, times, script)))
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%s takes %.1f ms", about, took)
		if took > most {
			b.Errorf("%s takes %.1f ms, want at most %v", about, took, most)
		}
	}
	begin := time.Now()
	b.open("&server=epollserv")
	if took := time.Since(begin); took > 3*time.Second {
		b.Errorf("the page is ready after %v, want at most 3 s", took)
	}
	b.press(`[data-connect="100"]`)
	b.press(`[data-silent="1"]`)
	b.press(`[data-send="all"]`)
	best("a step with 100 clients", 16, 100, `document.querySelector('[data-forward="step"]').click()`)

	var long strings.Builder
	long.WriteString("at 100ms A1..A100 connect\n")
	for i := range 60 {
		fmt.Fprintf(&long, "at %dms A1..A100 send \"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n\"\n", 200+i)
	}
	b.open("s=" + base64.RawURLEncoding.EncodeToString([]byte(long.String())) + "&server=epollserv&step=10000")
	b.holds("the page is at a late step", labStep+" === 10000")
	best("the way back in 10,000 steps", 1000, 5, `document.querySelector('[data-back="step"]').click()`)
}
