package command

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdpage "github.com/chromedp/cdproto/page"
	. "github.com/chromedp/chromedp"
)

// labHold is a script that runs before those of the page. It keeps forkserv and pollserv from being loaded until the
// test calls release, and instances has the programs that have been started.
const labHold = `
	window.holds = {};
	window.instances = [];
	window.release = (name) => { window.holds[name](); window.holds[name] = () => {}; };
	const fetched = window.fetch;
	window.fetch = async (url, ...more) => {
		const [, name] = /(forkserv|pollserv)\.wasm/.exec(url) ?? [];
		if (name && sessionStorage.getItem("hold")) await new Promise((go) => { window.holds[name] = go; });
		return fetched(url, ...more);
	};
	Object.defineProperty(window, "threeloops", { get: () => window.instances.at(-1), set: (api) => { window.instances.push(api); } });`

func (b *labTab) before(script string) {
	b.Helper()
	b.do(Func(func(ctx context.Context, t *Target) error {
		_, err := cdp.Call(ctx, t, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return err
	}))
}

// Of two scenarios, the one that was chosen last is played, however long the programs take.
func labLoads(b *labTab) {
	b.before(labHold)
	for _, order := range [][]string{{"forkserv", "pollserv"}, {"pollserv", "forkserv"}} {
		b.do(Navigate(b.url+"/lab.html"), Evaluate[Void](`sessionStorage.setItem("hold", "yes"); undefined`),
			Navigate("about:blank"), Navigate(b.url+"/lab.html#silent-client&server=forkserv"))
		b.holds("the first program is being loaded", `window.holds?.forkserv !== undefined`)
		b.do(Evaluate[Void](`location.hash = "#drip&server=pollserv"; undefined`))
		b.holds("the second too", `window.holds.pollserv !== undefined`)
		b.do(Evaluate[Void](`release("` + order[0] + `"); undefined`))
		b.holds("one is loaded", `window.instances.length === 1`)
		time.Sleep(200 * time.Millisecond) // in which the page could begin with the wrong one
		b.do(Evaluate[Void](`release("` + order[1] + `"); undefined`))
		b.holds("both are loaded", `window.instances.length === 2`)
		b.holds("the scenario that was chosen last is played", `document.querySelector("#lab").inert === false &&
			document.querySelector("#scenario-title").textContent === "A request that comes in four pieces" &&
			document.querySelector("main").className === "poll"`)
		b.says("and nothing else was wrong", "Step ")
	}
}

// A program that crashes is named, and the others go on.
func labCrashes(b *labTab) {
	b.before(labHold)
	b.open("&server=epollserv")
	b.press("#compare summary")
	b.holds("three programs run", `window.instances.length === 3 && document.querySelectorAll("#compare tbody tr").length > 3`)
	b.do(Evaluate[Void](`instances[1].until = () => { throw new Error("Go program has already exited"); }; undefined`))
	b.press(`[data-forward="action"]`)
	b.press(`[data-forward="action"]`)
	b.says("the server that the reader steps goes on", "A sends")
	b.holds("the other one is named", `document.querySelector("#compare .said").textContent.startsWith("forkserv has crashed: Go program has")`)
	b.press(`[data-forward="action"]`)
	b.says("again", "B connects")
	b.holds("the third goes on too", `[...document.querySelectorAll("#compare tbody td:nth-of-type(2)")].some((td) => td.textContent.includes("poll("))`)
	b.press(`[name="server"][value="forkserv"]`)
	b.holds("a choice loads it again", `window.instances.length === 4 && document.querySelector("main").className === "fork"`)
	b.says("at the same time", "at 300 ms")
	b.holds("and compares it again", `document.querySelector("#compare .said").textContent.startsWith("All three")`)
	b.do(Evaluate[Void](`instances[3].goto = () => { throw new Error("Go program has already exited"); }; undefined`))
	b.press(`[data-forward="step"]`)
	b.says("a crash of the server that the reader steps is its own", "forkserv has crashed: Go program has")
	b.press(`[name="server"][value="pollserv"]`)
	b.holds("the reader can go on with another one", `document.querySelector("main").className === "poll"`)
}
