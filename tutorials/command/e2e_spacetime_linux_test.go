package command

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	. "github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// spacetimePage has what the drawings of the site need, and nothing else. many makes events of a hundred clients.
const spacetimePage = `<!DOCTYPE html><html lang="en" data-server="epollserv"><head><meta charset="utf-8"><title>drawings</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/_/style.css"><link rel="stylesheet" href="/page.css">
<link rel="stylesheet" href="/spacetime.css"></head><body><main><div id="diagram"></div>
<div id="phases"><img src="/phases.svg" alt="The phases of a connection"></div></main><script type="module">
import { Spacetime } from "/spacetime.js";
import { Phases } from "/phases.js";
import { linkOf, sourceOf } from "/source.js";
const many = (n) => {
	const lanes = [{ id: "S", name: "epollserv", kind: "process" }], pairs = {}, events = [];
	for (let c = 0; c < 100; c++) {
		lanes.push({ id: "C" + c, name: "C" + c, kind: "client" });
		pairs[c + 1] = c + 201;
	}
	for (let i = 0; events.length < n; i++) {
		const c = i * 37 % 100, time = i * 1e6;
		const call = (lane, call, args, result, file) => events.push({ seq: events.length + 1, time, lane, call, args, result,
			errno: "", file, newFile: 0, source: { func: "main.(*loop).run", file: "threeloops/epollserv/loop.go", line: 85 } });
		call("C" + c, "write", '0, "GET / HTTP/1.1", 80', 80, c + 1);
		call("S", "epoll_wait", "6, [{events=EPOLLIN, data=7}], 1024, -1", 1, 300);
		call("S", "read", '7, "GET / HTTP/1.1", 65536', 80, c + 201);
		call("S", "sendto", '7, "HTTP/1.1 200 OK", 176', 176, c + 201);
		call("C" + c, "read", '0, "HTTP/1.1 200 OK", 16384', 176, c + 1);
	}
	return { lanes, events, pairs };
};
const chosen = [];
const diagram = new Spacetime(document.getElementById("diagram"),
	{ title: "A hundred clients", select: ({ seq }) => chosen.push(seq), link: linkOf });
const phases = new Phases(document.getElementById("phases"));
Object.assign(window, { diagram, many, chosen, phases, sourceOf, linkOf, drawn: true });
</script></body></html>`

// drawings serves spacetimePage and the pages of the site.
func drawings(t *testing.T) *tab {
	t.Helper()
	need(t, "chromium")
	dir, err := pagesDir()
	if err != nil {
		t.Fatal(err)
	}
	style, err := os.ReadFile("../../common/app/site/style.css")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("/_/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Write(style)
	})
	mux.HandleFunc("/drawings", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(spacetimePage))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	b := browse(t)
	b.do(Navigate(s.URL + "/drawings"))
	b.holds("the scripts run", `window.drawn === true`)
	return b
}

// selected is the number of the row that a screen reader is told to be chosen.
const selected = `(() => {
	const { scroll } = diagram;
	const all = [...scroll.querySelectorAll("[aria-selected=true]")];
	const active = document.getElementById(scroll.getAttribute("aria-activedescendant"));
	return all.length === 1 && all[0] === active && active.getAttribute("aria-label") !== "" ?
		Number(active.getAttribute("aria-posinset")) : all.length;
})()`

func TestBrowserMovesInTheSpacetimeDiagram(t *testing.T) {
	b := drawings(t)
	b.do(Evaluate[Void](`diagram.show(many(10000)); undefined`))
	b.holds("only rows near the window are drawn, with names and numbers", `(() => {
		const all = [...diagram.scroll.querySelectorAll("[role=option]")];
		return all.length > 20 && all.length < 80 && all.every((o) => o.getAttribute("aria-label").includes("ms, ") &&
			o.getAttribute("aria-setsize") === "10000") && diagram.scroll.getAttribute("role") === "listbox" &&
			diagram.scroll.getAttribute("aria-label") === "A hundred clients";
	})()`)
	b.do(EmulateViewport(390, 900))
	scroll := CSS("#diagram .scroll")
	for _, step := range []struct{ about, key, row string }{
		{"Home chooses the first event", kb.Home, "1"},
		{"→ follows the bytes of the write to the read", kb.ArrowRight, "3"},
		{"↓ chooses the next event", kb.ArrowDown, "4"},
		{"→ follows the answer to the client", kb.ArrowRight, "5"},
		{"← leads back to the call that sent it", kb.ArrowLeft, "4"},
		{"↑ chooses the event before", kb.ArrowUp, "3"},
		{"End chooses the last event", kb.End, "10000"},
	} {
		b.do(SendKeys(scroll, step.key))
		b.holds(step.about, selected+" === "+step.row)
		b.holds("the listener is told", `chosen.at(-1) === `+step.row)
		b.holds("the row is in sight", `(() => {
			const box = diagram.scroll.getBoundingClientRect();
			return [...diagram.scroll.querySelectorAll("[aria-selected=true] :is(.mark, .label)")].every((part) => {
				const row = part.getBoundingClientRect();
				return row.top > box.top && row.bottom < box.bottom && row.left > box.left && row.right < box.right;
			});
		})()`)
	}
	b.do(SendKeys(scroll, kb.PageUp))
	b.holds("Page Up goes up by about the window", selected+` > 9970 && `+selected+` < 9990`)
	b.do(Evaluate[Void](`diagram.select(503); undefined`))
	b.holds("a call from outside chooses, and tells nobody", selected+` === 503 && chosen.at(-1) !== 503`)
	b.do(Click(CSS(`#diagram [data-row="503"] .mark`)))
	b.holds("a click chooses", selected+` === 504 && chosen.at(-1) === 504`)
	b.holds("the words say what it is, with a link to the line", `(() => {
		const words = document.querySelector(".chosen");
		return words.textContent.includes("sendto(7, \"HTTP/1.1 200 OK\", 176) = 176; 176 bytes to C") &&
			words.querySelector("a").pathname === "/source/epollserv/loop.go.html" && words.querySelector("a").hash === "#L85";
	})()`)

	b.do(Click(CSS("#diagram .table summary")))
	b.holds("the table has the events around the chosen one", `(() => {
		const rows = [...document.querySelectorAll("#diagram tbody tr")];
		return rows.length === 100 && document.querySelector("#diagram caption").textContent === "Events 501 to 600 of 10000" &&
			rows[3].getAttribute("aria-current") === "true" && rows[3].textContent.includes("176 bytes to C");
	})()`)
	b.do(Click(CSS("#diagram .turn-rows button:last-child")))
	b.holds("Later turns the table", `document.querySelector("#diagram caption").textContent === "Events 601 to 700 of 10000"`)
}

func TestBrowserAddsToTheSpacetimeDiagram(t *testing.T) {
	b := drawings(t)
	b.do(Evaluate[Void](`window.all = many(10000); window.first = (n) => ({ ...all, events: all.events.slice(0, n) });
		diagram.show(first(300)); undefined`))
	end := `Math.abs(diagram.scroll.scrollTop + diagram.scroll.clientHeight - diagram.scroll.scrollHeight) < 2`
	b.holds("the last event is in sight", end)
	b.do(Evaluate[Void](`window.line = diagram.line; diagram.show(first(310)); undefined`))
	b.holds("it is after more events, too, and what was laid out is kept",
		end+` && diagram.line === line && diagram.line.rows.length === 310`)
	b.do(Evaluate[Void](`diagram.scroll.scrollTop = 400; diagram.show(first(320)); undefined`))
	b.holds("a reader who looks at earlier events isn't moved", `diagram.scroll.scrollTop === 400`)
	b.do(Evaluate[Void](`diagram.show(first(20)); undefined`))
	b.holds("going back takes events away", `diagram.line.rows.length === 20`)
	b.do(Evaluate[Void](`{ const other = first(30); other.events[10] = { ...other.events[10], result: 7 }; diagram.show(other); } undefined`))
	b.holds("a run that went another way replaces the one before", `diagram.line.rows[10].event.result === 7`)
	b.do(Evaluate[Void](`diagram.show({ ...first(5), waits: [{ lane: "S", call: "epoll_wait", args: "6, 1024, -1" }] }); undefined`))
	b.holds("a call that hasn't returned is drawn", `document.querySelector(".waits")?.textContent.endsWith(" waits")`)

	took, err := Run(b.ctx, Evaluate[[]float64](`(() => {
		const took = (what) => {
			const all = [];
			for (let i = 0; i < 30; i++) {
				const begin = performance.now();
				what(i);
				diagram.scroll.getBoundingClientRect();
				all.push(performance.now() - begin);
			}
			return all.sort((a, b) => a - b)[5]; // others use the machine, too
		};
		diagram.show(first(9900));
		const begin = performance.now();
		diagram.show({ lanes: [], events: [] });
		diagram.show(all);
		const whole = performance.now() - begin;
		return [whole, took((i) => { diagram.scroll.scrollTop = i * 5000; diagram.draw(); }),
			(diagram.show(first(9900)), took((i) => diagram.show(first(9900 + i))))];
	})()`))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("10,000 events: %.1f ms to show all, %.1f ms to draw another window, %.1f ms to add one", took[0], took[1], took[2])
	if took[0] > 1000 || took[1] > 50 || took[2] > 50 {
		t.Error("that is too slow")
	}
}

func TestBrowserFitsTheSpacetimeDiagram(t *testing.T) {
	b := drawings(t)
	b.do(Evaluate[Void](`window.few = many(60); few.lanes = few.lanes.slice(0, 4);
		for (const e of few.events) if (e.lane !== "S") e.lane = "C" + Number(e.lane.slice(1)) % 3; undefined`))
	for _, width := range []int64{1280, 390} {
		b.do(EmulateViewport(width, 900), Evaluate[Void](`diagram.show({ lanes: [], events: [] }); diagram.show(few); undefined`))
		b.holds("the page fits, and so do the labels", `document.documentElement.scrollWidth <= innerWidth &&
			diagram.places.width <= Math.max(345, diagram.scroll.clientWidth) &&
			[...diagram.events.querySelectorAll("text.label")].every((text) => {
				const [label, all] = [text.getBoundingClientRect(), diagram.events.getBoundingClientRect()];
				return label.left >= all.left - 4 && label.right <= all.right + 1 && text.textContent !== "";
			})`)
	}
	b.do(Evaluate[Void](`diagram.show(many(10000)); undefined`))
	pdf, err := Run(b.ctx, PrintToPDF())
	if err != nil {
		t.Fatal(err)
	}
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); pages < 1 || pages > 5 {
		t.Errorf("ten thousand events take %d printed pages; the window has room on one", pages)
	}
}

func TestBrowserLightsPhases(t *testing.T) {
	b := drawings(t)
	b.do(Evaluate[Void](`phases.show([{ Pid: 1, File: 7, Phase: "open", Name: "A" }, { Pid: 1, File: 8, Phase: "idle", Name: "B" },
		{ Pid: 1, File: 9, Phase: "open", Name: "C" }]); undefined`))
	lit := func(ids string) string {
		return `[...document.querySelectorAll("#phases .lit")].map(({ id }) => id).sort().join(" ") === "` + ids + `"`
	}
	b.holds("the phases of the connections are lit", lit("phase-idle phase-open"))
	b.holds("the drawing replaced the still picture", `document.querySelectorAll("#phases img, #phases style").length === 0`)
	b.holds("the connections are named", `document.querySelector("#phase-open .count").textContent === "A, C" &&
		document.querySelector("#phases p").textContent === "open: A, C; idle: B."`)
	b.do(Evaluate[Void](`phases.show([{ Pid: 1, File: 7, Phase: "closing", Name: "A" }, { Pid: 1, File: 8, Phase: "idle" }]); undefined`))
	b.holds("the change is lit", lit("phase-closing phase-idle phase-open-closing"))
	b.do(Evaluate[Void](`phases.show([{ Pid: 1, File: 7, Phase: "flush", Name: "A" }], false); undefined`))
	b.holds("going back lights no change", lit("phase-flush"))
	b.do(EmulateViewport(390, 900))
	b.holds("a phone shows all of it", `(() => {
		const svg = document.querySelector("#phases svg").getBoundingClientRect();
		return svg.right <= innerWidth && document.documentElement.scrollWidth <= innerWidth &&
			[...document.querySelectorAll("#phases text")].every((t) => t.getBoundingClientRect().right <= svg.right);
	})()`)
}

// A section of the source can stand in any page: it has no id of that page's, and its links lead where they did.
func TestBrowserFetchesTheSource(t *testing.T) {
	b := drawings(t)
	text, err := os.ReadFile("../../epollserv/loop.go")
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(text), "sys.EpollWait(")
	if !found {
		t.Fatal("epollserv/loop.go doesn't call sys.EpollWait any more: give this test another call")
	}
	line := bytes.Count([]byte(before), []byte("\n")) + 1
	b.do(Evaluate[Void](`(async () => { window.found = await sourceOf({ func: "main.(*loop).run",
		file: "threeloops/epollserv/loop.go", line: ` + strconv.Itoa(line) + ` });
		window.none = [await sourceOf({ file: "runtime/proc.go", line: 3 }), await sourceOf(null),
			await sourceOf({ file: "threeloops/epollserv/loop.go", line: 99999 })];
		document.body.append(found); })(); undefined`))
	b.holds("the line is marked", `document.querySelector(".source-part .now[aria-current]")?.textContent.includes("EpollWait")`)
	b.holds("nothing of the page is there twice", `document.querySelectorAll(".source-part [id]").length === 0`)
	b.holds("a file of Go itself has no section", `none.every((section) => section === null) &&
		linkOf({ file: "runtime/proc.go", line: 3 }) === null`)
}
