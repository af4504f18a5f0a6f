package command

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/learner/coach"
	"threeloops/tutorials/learner/progress"
)

// coached starts a pollserv with short deadlines, whose only page is testdata/coach.html, and a
// coach unless off.
func coached(t *testing.T, off bool) (url string, kept *progress.File) {
	t.Helper()
	url, kept, _ = mortal(t, off)
	return url, kept
}

// mortal is like coached, but the test can end the coach with end, and start it again at the same
// address with what end returns.
func mortal(t *testing.T, off bool) (url string, kept *progress.File, end func() (again func())) {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	kept, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := build(t.Context(), dir, "testing them"); err != nil {
		t.Fatal(err)
	}
	addrs, err := freeAddrs(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeOrigins(dir, addrs); err != nil {
		t.Fatal(err)
	}
	table := &experiment.Experiment{Chapter: 1, Name: "table", Dir: "../learner/coach/testdata/program", Kind: "lines"}
	family := &experiment.Experiment{Chapter: 1, Name: "family", Dir: "../learner/coach/testdata/program", Kind: "none"}
	again := &experiment.Experiment{Chapter: 1, Name: "again", Dir: "../learner/coach/testdata/program", Kind: "none"}
	writeChapter(t, filepath.Join(dir, "site"), table)
	if err := os.WriteFile(filepath.Join(dir, "site", "servers.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := coach.Options{
		Servers:     []coach.Server{{Name: "pollserv", Addr: addrs[0]}},
		Chapters:    []int{0, 1, 2, 3, 4, 5},
		Experiments: []*experiment.Experiment{table, family, again},
		Runner:      &coach.Runner{Root: ".", Bin: dir},
		Progress:    kept,
	}
	var here *runningCoach
	_, without := listenForCoach(noCoach, 0)
	if !off {
		ln, absent := listenForCoach(0, 0)
		if absent != nil {
			t.Fatal(absent.terminal)
		}
		here = &runningCoach{Coach: coach.New(options), ln: ln}
		here.url = "http://" + here.ln.Addr().String()
	}
	if err := writeCoach(dir, here, without); err != nil {
		t.Fatal(err)
	}
	flags := append(serverFlags(dir, addrs[0]), "-log", "warn", "-head-timeout", "4s")
	server := startServers(t, dir, []string{"pollserv"}, flags...)[0]
	stop := here.start(t.Context())
	t.Cleanup(func() { stop() }) // before the server ends
	return server.url, kept, func() func() {
		stop()
		return func() {
			here = &runningCoach{Coach: coach.New(options), url: here.url}
			if err := writeCoach(dir, here, without); err != nil {
				t.Fatal(err)
			}
			var err error
			if here.ln, err = net.Listen("tcp4", strings.TrimPrefix(here.url, "http://")); err != nil {
				t.Fatal(err)
			}
			stop = here.start(t.Context())
		}
	}
}

// writeChapter writes the page of chapter 1, with our run of its experiment, the page of chapter 0, and
// the files that they load.
func writeChapter(t *testing.T, site string, e *experiment.Experiment) {
	t.Helper()
	if err := os.CopyFS(site, os.DirFS("../site/pages/web")); err != nil {
		t.Fatal(err)
	}
	run, err := e.Recorded(".")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := run.Table()
	if err != nil {
		t.Fatal(err)
	}
	svg, err := experiment.Chart(e.Kind, experiment.Named{Name: "ours", Table: ours})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zero.html", "course.json"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(site, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile("testdata/coach.html")
	if err != nil {
		t.Fatal(err)
	}
	page = bytes.Replace(page, []byte("CHART"), svg, 1)
	page = bytes.ReplaceAll(page, []byte("OUTPUT"), []byte(run.Output))
	if err := os.WriteFile(filepath.Join(site, "chapter.html"), page, 0o600); err != nil {
		t.Fatal(err)
	}
}

// text is a JavaScript expression for the text of an element.
func text(selector string) string {
	return fmt.Sprintf("document.querySelector('%s').textContent", selector)
}

func TestBrowserPredictsAndRuns(t *testing.T) {
	need(t, "chromium")
	url, kept := coached(t, false)
	b := browse(t, "409 (Conflict)")
	b.do(Navigate(url + "chapter.html"))
	b.holds("the run button is disabled without a prediction", text("#experiment-table .state")+` === "First say what you expect." &&
		document.querySelector("#experiment-table .run").disabled`)
	b.holds("our run, which shows the answer, is closed", `!document.querySelector("#experiment-table .ours").open`)
	b.holds("an experiment without a question can run", `!document.querySelector("#experiment-family .run").disabled`)

	b.do(Click(CSS(`#predict-table label:first-of-type input`)))
	b.holds("the page shows the choice", text("#predict-table .said")+` === "You say “2 µs”."`)
	b.holds("the right answer stays closed", `!document.querySelector("#predict-table .why").open`)
	b.holds("our run stays closed too", `!document.querySelector("#experiment-table .ours").open &&
		!document.querySelector("#experiment-table .run").disabled`)
	b.do(Focus(CSS("#experiment-table .run")), SendKeys(CSS("#experiment-table .run"), "\r"))
	b.holds("the page shows the verdict", text("#predict-table .said")+` === "You said “2 µs”; the right answer is “4 µs”."`)
	b.holds("the explanation is open", `document.querySelector("#predict-table .why").open`)
	b.holds("the page says that the run is done", text("#experiment-table .state")+
		`=== "Done. Your run is beside ours."`)
	b.holds("the experiment shows the verdict too, and a screen reader reads it once", text("#experiment-table .verdict")+
		` === "You said “2 µs”; the right answer is “4 µs”." && !document.querySelector("#experiment-table .verdict[aria-live]")`)
	b.holds("our run is open now", `document.querySelector("#experiment-table .ours").open`)
	b.holds("both charts are visible", `document.querySelector("#experiment-table .ours svg").checkVisibility() &&
		document.querySelector("#experiment-table .yours svg").checkVisibility()`)
	b.holds("the chart of the reader's run has a description", `document.querySelector("#experiment-table .yours svg")
		.getAttribute("aria-label").includes("time, yours: from 2 µs at 1 to 4 µs at 2.")`)
	b.holds("the output of the reader's run is there", text("#experiment-table .yours pre")+
		` === "the table\n\nclients   time\n1         2 µs\n2         4 µs\n"`)

	b.holds("a question with another name also comes before its experiment", `!document.querySelector("#experiment-again .ours").open &&
		document.querySelector("#experiment-again .run").disabled`)
	b.do(Click(CSS(`#predict-alone label:first-of-type input`)))
	b.holds("the page shows that answer", text("#experiment-again .verdict")+` === "You say “yes”." &&
		!document.querySelector("#experiment-again .ours").open`)
	b.do(Click(CSS("#experiment-again .run")))
	b.holds("the page shows its verdict", text("#predict-alone .said")+` === "You said “yes”, and that is right." &&
		document.querySelector("#predict-alone .why").open`)
	b.holds("the experiment shows the same verdict", text("#experiment-again .verdict")+` === "You said “yes”, and that is right."`)
	want := map[string]string{"1.table": "2 µs", "1.alone": "yes"}
	for end := time.Now().Add(10 * time.Second); len(kept.Predictions()) < 2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if d := cmp.Diff(want, kept.Predictions()); d != "" {
		t.Errorf("the reader's progress (-want +got):\n%s", d)
	}
	b.do(Reload())
	b.holds("the next visit shows the answer", text("#predict-table .said")+` === "You said “2 µs”; the right answer is “4 µs”." &&
		document.querySelector("#predict-table input").checked`)
	b.holds("and so is the run", text("#experiment-table .state")+`.startsWith("You ran this on ") &&
		document.querySelector("#experiment-table .yours svg").checkVisibility() &&
		document.querySelector("#experiment-table .ours").open && `+text("#experiment-table .yours pre")+
		` === "the table\n\nclients   time\n1         2 µs\n2         4 µs\n"`)
	b.holds("it can be run again", `!document.querySelector("#experiment-table .run").disabled`)

	b.do(Click(CSS("#experiment-family .run")))
	b.holds("the experiment runs", text("#experiment-family .state")+` === "Running …" &&`+
		text("#experiment-family .yours pre")+`.length > 3`)
	b.do(Click(CSS("#experiment-table .run")))
	b.holds("only one experiment runs at a time", text("#experiment-table .state")+`.includes("another experiment is running")`)
	b.do(Click(CSS("#experiment-family .run")))
	b.holds("the experiment stops when the reader says so", text("#experiment-family .state")+` === "Stopped." &&`+
		text("#experiment-family .run")+` === "Run it here"`)
}

// A run takes seconds, and meanwhile its reader looks at the page. The page may grow below what the
// reader sees, but nothing may move.
func TestBrowserRunMovesNothing(t *testing.T) {
	need(t, "chromium")
	for _, width := range []int64{1280, 390} {
		goOn := filepath.Join(t.TempDir(), "go-on")
		t.Setenv("GO_ON", goOn)
		url, _ := coached(t, false)
		b := browse(t)
		b.do(EmulateViewport(width, 700), Navigate(url+"chapter.html"))
		b.do(Evaluate[Void](`window.places = (names) => names.map((name) => {
			const { left, top, width } = document.querySelector("#experiment-table" + name).getBoundingClientRect();
			return { name, left, top, width };
		});
		window.moved = (before) => places(before.map(({ name }) => name)).flatMap((now, i) => {
			const by = ["left", "top", "width"].map((of) => now[of] - before[i][of]);
			return by.some((n) => Math.abs(n) > 1) ? [now.name + " by " + by] : []; // a scroll is whole pixels
		}).join("; "); undefined`))
		b.holds("the page asks for a prediction", text("#experiment-table .state")+` === "First say what you expect."`)
		b.do(Evaluate[Void](`scrollTo(0, document.querySelector("#predict-table").offsetTop + 20);
			window.parts = places(["", " .verdict", " .console", " .run", " .state"]); undefined`))
		stays := func(when, parts string) {
			t.Helper()
			if moved, err := Run(b.ctx, Evaluate[string](`moved(`+parts+`)`)); moved != "" || err != nil {
				t.Errorf("at a width of %d pixels, %s, these parts have moved (left, top, width): "+
					"%s (%v)", width, when, moved, err)
			}
		}
		b.do(Evaluate[Void](`document.querySelector("#predict-table input").click()`))
		b.holds("the run button is enabled", `!document.querySelector("#experiment-table .run").disabled`)
		stays("with a prediction", "parts")

		b.do(Evaluate[Void](`document.querySelector("#experiment-table .run").click()`))
		b.holds("the experiment runs", text("#experiment-table .yours pre")+`.endsWith("4 µs\n")`)
		b.holds("the button counts the seconds", text("#experiment-table .run")+` === "Stop (2 s)"`)
		b.holds("our run is closed", `!document.querySelector("#experiment-table .ours").open`)
		b.do(Evaluate[Void](`window.yours = places([" .yours", " .yours pre"]); undefined`))
		stays("while it runs", "parts")

		if err := os.WriteFile(goOn, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		b.holds("the experiment is done", text("#experiment-table .state")+` === "Done. Your run is beside ours." &&
			document.querySelector("#experiment-table .ours").open`)
		b.do(Evaluate[Void](`requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true; })); undefined`))
		b.holds("the page is drawn", `window.drawn`)
		stays("when it is done", "parts.concat(yours)")
	}
}

func TestBrowserPlaysBadClients(t *testing.T) {
	need(t, "chromium")
	url, _ := coached(t, false)
	b := browse(t)
	b.do(EmulateViewport(1280, 720), Navigate(url+"chapter.html"))
	b.holds("the page shows the figures", text(".figures tbody")+`.includes("connections open")`)
	b.do(Evaluate[Void](`window.count = (i) => Number(document.querySelectorAll(".figures tr td:nth-child(2)")[i]
		.textContent); window.before = count(0); undefined`))
	b.do(Click(CSS(`.clients [data-kind="half"]`)), Click(CSS(`.clients [data-kind="silent"]`)))
	b.holds("two more connections are open", `count(0) >= before + 2`)
	b.holds("the server still has one process", `count(1) === 1`)
	b.do(Evaluate[Void](`document.querySelector(".clients .buttons").scrollIntoView({ block: "center" }); undefined`))
	b.holds("the reader sees the buttons, the clients and the figures together, without scrolling",
		`[".buttons", ".figures table", ".alive li:last-child"].every((name) => {
			const { top, bottom } = document.querySelector(".clients " + name).getBoundingClientRect();
			return top >= 0 && bottom <= innerHeight;
		})`)
	b.holds("the figures stand beside the buttons", `document.querySelector(".figures").getBoundingClientRect().left >=
		document.querySelector(".buttons").getBoundingClientRect().right`)
	b.holds("two clients live", text(".clients .state")+` === "2 clients live, a minute at most."`)
	b.holds("each client shows its state", `[...document.querySelectorAll(".alive li")].some((li) => li.textContent
		.startsWith("Client 1, half a request, then silence: open"))`)
	b.do(Click(CSS(`.alive [aria-label="Disconnect client 2"]`)))
	b.holds("one client has left", text(".alive")+`.includes("s, because you closed it. It has sent 0 bytes")`)
	b.holds("the server has closed the other client's connection", text(".alive")+
		`.includes("closed by the server after 4.") && `+text(".alive")+`.includes("408 Request Timeout")`)
	b.holds("no client is left", text(".clients .state")+` === "No client is connected."`)
	b.holds("a client that has left has no button", `!document.querySelector(".alive button")`)
	b.holds("the client's entry has kept the focus", `document.activeElement.matches(".alive li")`)
}

// A reader compares the servers, and uses the panel to go from one to the next.
func TestBrowserSendsBadClientsToEachServer(t *testing.T) {
	need(t, "chromium")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	l := start(t, self("-base", "0"))
	b := browse(t)
	b.do(Navigate(l.urls["forkserv"] + "/chapters/01-one-at-a-time.html"))
	for _, name := range []string{"epollserv", "pollserv", "forkserv"} {
		b.holds("the panel leads to all three", `[...document.querySelectorAll(".clients .servers a")]
			.map((a) => a.textContent).join(" ") === "forkserv pollserv epollserv"`)
		b.do(Click(CSS(`.clients .servers .` + strings.TrimSuffix(name, "serv"))))
		b.holds("the same page comes from "+name, `location.origin === "`+l.urls[name]+`" &&
			location.pathname === "/chapters/01-one-at-a-time.html"`)
		b.holds("the panel is in view", `{ const { top } = document.querySelector(".clients").getBoundingClientRect();
			top >= 0 && top < innerHeight / 2 }`)
		b.holds("the panel marks the server", `document.querySelector(".clients .servers [aria-current=true]")?.textContent === "`+name+`"`)
		b.holds("the figures are those of the server", `document.querySelector(".figures caption")?.textContent.startsWith("`+name+`,")`)
		b.do(Click(CSS(`.clients [data-kind="silent"]`)))
		b.holds("the server has the client", text(".clients .state")+` === "1 client is connected, for a minute at most."`)
	}
}

func TestBrowserWithoutCoach(t *testing.T) {
	need(t, "chromium")
	url, _ := coached(t, true)
	b := browse(t)
	b.do(Navigate(url + "chapter.html"))
	for _, part := range []string{"#experiment-table", "#experiment-family", ".clients"} {
		b.holds(part+" says why no coach is running, and how to start it", text(part+" .state")+
			` === "The coach isn't running, because the servers were started with -coach off. `+
			`Start them again without that flag: go run ./tutorials"`)
	}
	b.holds("only the copy buttons are enabled", `!document.querySelector("main button:enabled:not(.copy)")`)
	b.holds("our run, which shows the answer, is closed", `!document.querySelector("#experiment-table .ours").open`)
	b.do(Click(CSS(`#predict-table label:last-of-type input`)), Click(CSS("#predict-table summary")))
	b.holds("our run opens after an answer, because the reader can't run the experiment", `document.querySelector("#experiment-table .ours").open`)
	b.holds("a reader can still predict", text("#predict-table .said")+
		` === "You said “4 µs”, and that is right."`)
}

func TestBrowserSeesTheCoachGoAndComeBack(t *testing.T) {
	need(t, "chromium")
	url, kept, end := mortal(t, false)
	b := browse(t, "net::ERR_CONNECTION_REFUSED", "net::ERR_INCOMPLETE_CHUNKED_ENCODING", "net::ERR_EMPTY_RESPONSE")
	b.do(Navigate(url + "chapter.html"))
	b.holds("the coach is there", text(".clients .state")+` === "No client is connected."`)
	b.do(Click(CSS(`.clients [data-kind="silent"]`)))
	b.holds("a client lives", `document.querySelectorAll(".alive li").length === 1`)
	again := end()
	const gone = `.startsWith("The coach doesn't answer any more. Start it again as before, with go run ./tutorials")`
	b.holds("the list of clients says that the coach is gone", text(".clients .state")+gone)
	b.do(Focus(CSS("#experiment-family .run")), SendKeys(CSS("#experiment-family .run"), "\r"))
	b.holds("the experiment says so too", text("#experiment-family .state")+gone)
	b.holds("the button has kept the focus", `document.activeElement.matches("#experiment-family .run:enabled")`)
	b.do(Click(CSS(`#predict-alone label:first-of-type input`)))
	b.holds("the prediction says so too", text("#predict-alone .said")+
		`.startsWith("You say “yes”. It isn't kept: The coach doesn't answer any more.")`)
	b.holds("the browser's own error isn't shown", `!document.body.innerText.includes("Failed to fetch")`)

	again()
	b.holds("the page sees that the coach is back", text("#experiment-family .state")+` === "The coach is back: run it again."`)
	b.holds("the new coach has no clients", text(".clients .state")+` === "No client is connected." &&
		document.querySelectorAll(".alive li").length === 0`)
	b.holds("the page shows the choice like any other", text("#predict-alone .said")+` === "You say “yes”."`)
	for until := time.Now().Add(10 * time.Second); len(kept.Predictions()) == 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if d := cmp.Diff(map[string]string{"1.alone": "yes"}, kept.Predictions()); d != "" {
		t.Errorf("the answer given meanwhile must be saved (-want +got):\n%s", d)
	}
	b.do(Click(CSS("#experiment-family .run")))
	b.holds("the experiment runs", text("#experiment-family .state")+` === "Running …"`)
	b.do(Click(CSS(`.clients [data-kind="silent"]`)))
	b.holds("a new client lives", text(".alive")+`.includes("Client 1, connects and says nothing: open")`)
}

func TestBrowserKeepsWhatWasSaidBeforeTheCoachCame(t *testing.T) {
	need(t, "chromium")
	url, kept, end := mortal(t, false)
	b := browse(t, "net::ERR_CONNECTION_REFUSED")
	again := end()
	b.do(Navigate(url + "chapter.html"))
	b.holds("the page finds no coach", text("#experiment-table .state")+`.startsWith("The coach should be at ")`)
	b.do(Click(CSS(`#predict-alone label:first-of-type input`)))
	b.holds("the page shows the choice", text("#predict-alone .said")+` === "You say “yes”."`)
	again()
	for until := time.Now().Add(20 * time.Second); len(kept.Predictions()) == 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if d := cmp.Diff(map[string]string{"1.alone": "yes"}, kept.Predictions()); d != "" {
		t.Errorf("the answer given before must be saved (-want +got):\n%s", d)
	}
}

// A page that stays open while the coach is started again has the previous coach's secret.
func TestBrowserLearnsTheSecretOfTheNextCoach(t *testing.T) {
	need(t, "chromium")
	url, kept, end := mortal(t, false)
	// The page asks for clients every two seconds, perhaps while no coach is running.
	b := browse(t, "403 (Forbidden)", "net::ERR_CONNECTION_REFUSED")
	b.do(Navigate(url + "chapter.html"))
	b.holds("the coach is there", text(".clients .state")+` === "No client is connected."`)
	end()()
	b.do(Click(CSS(`#predict-alone label:first-of-type input`)))
	for until := time.Now().Add(20 * time.Second); len(kept.Predictions()) == 0 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if d := cmp.Diff(map[string]string{"1.alone": "yes"}, kept.Predictions()); d != "" {
		t.Errorf("what the next coach has saved (-want +got):\n%s", d)
	}
	b.holds("the reader sees no error", text("#predict-alone .said")+` === "You say “yes”."`)
}

// Another page can hide a frame under its own content, and so make its visitors click in the frame.
func TestBrowserInAFrameDoesNothing(t *testing.T) {
	need(t, "chromium")
	url, kept := coached(t, false)
	b := browse(t)
	b.do(Navigate(url+"coach.json"), Evaluate[Void](`{
		const frame = document.createElement("iframe");
		frame.src = "/chapter.html";
		document.body.replaceChildren(frame);
	}; undefined`))
	const frame = `document.querySelector("iframe")`
	const inside = frame + `.contentDocument`
	b.holds("the frame shows a line", inside+`.querySelector(".framed")?.checkVisibility()`)
	b.holds("the page says why", inside+`.querySelector(".framed").textContent
		.startsWith("This page is shown inside another page") &&
		`+inside+`.querySelector("#experiment-family .state").textContent.startsWith("This page is shown inside")`)
	b.holds("the page has buttons, and none is enabled", inside+`.querySelectorAll("main button").length > 4 &&
		`+inside+`.querySelectorAll("main button:enabled, main input:enabled").length === 0`)
	b.do(Evaluate[Void](`for (const b of ` + inside + `.querySelectorAll("main button, main input")) b.click(); undefined`))
	b.holds("the page has not looked for the coach", frame+`.contentWindow.performance
		.getEntriesByType("resource").every(({ name }) => !name.includes("coach.json") && !name.includes("predictions"))`)
	if got := kept.Predictions(); len(got) > 0 {
		t.Errorf("a page in a frame has saved the predictions %v", got)
	}
	b.do(Navigate(url + "chapter.html"))
	b.holds("outside of a frame the same page works", `!document.querySelector(".framed") &&
		!document.querySelector("#experiment-family .run").disabled`)
}

func TestBrowserCantReachTheCoach(t *testing.T) {
	need(t, "chromium")
	url, _ := coached(t, false)
	b := browse(t)
	b.do(Navigate(url + "chapter.html"))
	b.holds("the coach is there", text(".clients .state")+` === "No client is connected."`)
	b.do(Evaluate[Void](`{
		const real = fetch;
		window.fetch = (url, options) => url.endsWith("/health")
			? Promise.reject(new TypeError("Failed to fetch")) : real(url, options);
		import("/coach.js?again");
	}; undefined`))
	for _, part := range []string{"#experiment-table", ".clients"} {
		b.holds(part+" says where the coach should be, and why it may not answer", text(part+" .state")+
			".startsWith(`The coach should be at http://127.0.0.1:`) && "+text(part+" .state")+
			".includes(`this page, at ${location.origin}, can't reach it`)")
	}
}
