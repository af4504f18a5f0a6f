package command

import (
	"fmt"

	. "github.com/chromedp/chromedp"
)

// labCut is a function that lists what can't be read in the laboratory: a page or a list of tables that scrolls
// sideways, the name of a table or of a column that is cut off, and a text of a table that meets the arrows.
const labCut = `() => {
	const faults = [];
	const wider = (e) => e.scrollWidth > e.clientWidth;
	for (const e of [document.documentElement, document.querySelector(".tables")])
		if (wider(e)) faults.push((e.className || "the page") + " is " + e.scrollWidth + " wide");
	for (const e of document.querySelectorAll('.fds .head, .fds .old, [data-part="watches"] thead th'))
		if (wider(e)) faults.push(e.textContent + " is cut off");
	const arrows = document.querySelector(".tables svg").getBoundingClientRect();
	for (const e of document.querySelectorAll(".fds li")) {
		const text = document.createRange();
		text.selectNodeContents(e);
		if (text.getBoundingClientRect().right > arrows.left) faults.push(e.textContent + " runs into the arrows");
	}
	return faults.join("\n");
}`

// labTables opens the example of epollserv with two loops. Each loop has a table of its own, with its own limit.
func labTables(b *labTab) {
	b.open("loops-tables")
	b.holds("the example runs with epollserv", `document.querySelector('[name="server"]:checked').value === "epollserv"`)
	b.goTo("1500")
	b.holds("the process and each loop have a table with a limit", `[...document.querySelectorAll(".fds .head")].map((li) => li.textContent)
		.join("; ") === "process 1: 5 of 13; process 1, loop 1: 11 of 13; process 1, loop 2: 13 of 13"`)
	b.holds("both loops have a descriptor 8, for two clients", `(() => {
		const eights = [...document.querySelectorAll(".fds [data-file]")].filter((li) => li.querySelector("b").textContent === "8");
		return eights.map((li) => li.getAttribute("aria-label").replace(/ refers.*/, "")).join("; ") ===
			"descriptor 8 of process 1, loop 1; descriptor 8 of process 1, loop 2" && new Set(eights.map((li) => li.dataset.file)).size === 2;
	})()`)
	b.holds("the kernel's parts name the loops", `["queue", "connections", "watches"].every((part) => [1, 2].every((loop) =>
		document.querySelector('[data-part="' + part + '"]').textContent.includes("of process 1, loop " + loop)))`)
	b.press("#compare summary")
	b.holds("servers without loops can't be compared", `document.querySelector("#compare .said").textContent
		.startsWith("forkserv and pollserv can't play this scenario")`)
	for _, width := range []int64{390, 768, 1280} {
		b.do(EmulateViewport(width, 800))
		b.holds(fmt.Sprintf("at %d pixels the page has its width", width), fmt.Sprint("innerWidth === ", width))
		found, err := Run(b.ctx, Evaluate[string]("("+labCut+")()"))
		if err != nil {
			b.Fatal(err)
		}
		if found != "" {
			b.Errorf("at %d pixels:\n%s", width, found)
		}
		b.holds(fmt.Sprintf("at %d pixels the servers' columns have room for a call", width),
			`[...document.querySelectorAll("#compare tbody td")].every((td) => td.clientWidth >= 120)`)
	}
}
