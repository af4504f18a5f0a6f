package command

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	. "github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// labEverywhere tries what depends on who sends the page: that the laboratory opens and can be used, that a
// link leads to a step, and that each control has a name. Everything else happens in the page.
func labEverywhere(b *labTab, server string) {
	b.open("silent-client&server=" + server + "&step=12")
	b.holds("the link's server runs, at the link's step", fmt.Sprintf(
		`document.querySelector('[name="server"]:checked').value === %q && %s === 12`, server, labStep))
	here := b.state()
	b.do(Focus(CSS(`[data-forward="step"]`)), SendKeys(CSS(`[data-forward="step"]`), "\r"))
	b.holds("the Enter key makes a step", labStep+` === 13`)
	b.do(SendKeys(CSS(`[data-forward="step"]`), kb.ArrowLeft))
	b.holds("an arrow key takes it back", labStep+` === 12`)
	if got := b.state(); got != here {
		b.Errorf("after a step on and one back the page shows\n%s\nand not\n%s", got, here)
	}
	b.press(`[data-forward="action"]`)
	b.says("a client connects", "A connects")
	b.holds("the function that made the call is there", `document.querySelector("#source pre") !== null`)
	b.holds("the question is there", `document.querySelector("#question").textContent.length > 20`)
	b.named()
}

// named checks that a person who can't see the page knows what each control is, and reaches it.
func (b *labTab) named() {
	b.Helper()
	b.do(Evaluate[Void](`for (const details of document.querySelectorAll("#lab details")) details.open = true; undefined`))
	b.holds("each control has a name", `[...document.querySelectorAll("main button, main input, main select, main textarea, main summary, main a")]
		.every((e) => (e.labels?.[0]?.textContent ?? "").trim() || e.getAttribute("aria-label") || e.textContent.trim())`)
	b.holds("every control can be reached with the Tab key", `[...document.querySelectorAll("main button, main select, main textarea, main summary")]
		.every((e) => e.tabIndex === 0)`)
}

// labControl is a JavaScript function that names a control: by its id, its data, or what it is part of. Things
// that come and go with the run, such as a client's row, are no controls of the page.
const labControl = `(e) => {
	if (!e || e.closest(".who, .examples, .connection, .diagram, #source, #where, .tables")) return "";
	if (e.id) return e.id;
	const data = Object.entries(e.dataset).map(([name, value]) => name + " " + value).join(" ");
	const part = e.closest("[data-part]")?.dataset.part ?? e.closest("details")?.id;
	return data || (e.name ? e.name + " " + e.value : [part, e.tagName.toLowerCase(), e.textContent].filter(Boolean).join(" "));
}`

const labControls = `main :is(button, input, select, textarea, summary), #link`

// watch notes in the tab's storage, which outlives the page, which controls are used.
func (b *labTab) watch() {
	b.Helper()
	b.do(Evaluate[Void](`for (const type of ["click", "change", "input"]) addEventListener(type, ({ target }) => {
		const name = (` + labControl + `)(target.closest("` + labControls + `"));
		if (name) sessionStorage.setItem("used " + name, "");
	}, { capture: true }); undefined`))
}

// used returns the controls that have been used in this tab.
func (b *labTab) used() (names []string) {
	b.Helper()
	all, err := Run(b.ctx, Evaluate[string](`Object.keys(sessionStorage).join("\n")`))
	if err != nil {
		b.Fatal(err)
	}
	for name := range strings.SplitSeq(all, "\n") {
		if name, ok := strings.CutPrefix(name, "used "); ok {
			names = append(names, name)
		}
	}
	return names
}

// labUnused fails for each control of the page that no test has used.
func labUnused(t *testing.T, url string, used []string) {
	b := &labTab{browse(t), url}
	b.open("")
	all, err := Run(b.ctx, Evaluate[string](`[...document.querySelectorAll("`+labControls+`")].map(`+labControl+`).filter(Boolean).join("\n")`))
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(all, "\n")
	if len(names) < 50 {
		t.Errorf("the page has the controls %q only", names)
	}
	for _, name := range names {
		if !slices.Contains(used, name) {
			t.Errorf("no test uses the control %q", name)
		}
	}
}

// labParts opens and closes the parts of the page, and changes what else a reader may set.
func labParts(b *labTab) {
	b.open("&server=epollserv&step=20")
	b.holds("the buttons of the kernel's parts open them", `(() => {
		const buttons = [...document.querySelectorAll(".parts button")];
		for (const button of buttons) {
			document.querySelector('[data-part="' + button.dataset.show + '"]').open = false;
			button.click();
		}
		return buttons.length === 5 && document.querySelectorAll("[data-part][open]").length === 5;
	})()`)
	folds := `[...document.querySelectorAll("main details")].filter((d) => d.checkVisibility() && !d.closest(".connection, .diagram"))`
	b.holds("each part can be opened and closed", `(() => {
		const all = `+folds+`;
		const before = all.map(({ open }) => open);
		for (const d of all) d.querySelector("summary").click();
		const turned = all.every(({ open }, i) => open !== before[i]);
		for (const d of all) d.querySelector("summary").click();
		return all.length >= 12 && turned && all.every(({ open }, i) => open === before[i]);
	})()`)
	b.press(`[data-part="connections"] summary`)
	b.press(`[data-forward="action"]`)
	b.press(`[data-part="connections"] summary`)
	b.holds("a part that was closed during a step shows the present", `document.querySelectorAll(".connection").length > 0`)
	b.press(`[data-forward="iteration"]`)
	b.press(`[data-forward="step"]`)
	b.press(`[name="depth"][value="inner"]`)
	b.press(`[name="depth"][value="loop"]`)
	b.holds("the line is the server's again", `document.querySelector("#where").textContent.includes("epollserv/loop.go")`)
	b.choose("#speed", "60")
	b.do(Click(CSS("#play")))
	at := b.step()
	b.holds("at 60 steps a second the page plays fast", fmt.Sprint(labStep, " > ", at+10))
	b.do(Click(CSS("#play")))
	b.choose("#kind", "a ping")
	b.holds("a kind of message writes its bytes", `document.querySelector("#message").value.startsWith("\\x89\\x80")`)
	step := b.step()
	b.holds("the link has the step", fmt.Sprintf(`document.querySelector("#link").hash.endsWith("step=%d")`, step))
	b.press("#link")
	b.holds("the link leads here", fmt.Sprint(labStep, " === ", step))
	b.press(`[data-part="descriptors"] summary`)
	b.press(`[data-part="descriptors"] summary`)
	b.do(Evaluate[Void](`document.querySelector(".fds [data-file]").dispatchEvent(new PointerEvent("pointerover", { bubbles: true })); undefined`))
	b.holds("a descriptor under the pointer lights its description", `document.querySelectorAll(".files-open .lit").length === 1 &&
		document.querySelectorAll(".tables path.lit").length >= 1`)
}

// choose chooses from a list, as a reader does.
func (b *labTab) choose(selector, value string) {
	b.Helper()
	b.set(selector, value, "change")
}

// write writes a text into a field, in place of what is there.
func (b *labTab) write(selector, text string) {
	b.Helper()
	b.set(selector, text, "input")
}

func (b *labTab) set(selector, value, event string) {
	b.Helper()
	b.do(Evaluate[Void](fmt.Sprintf(`{ const field = document.querySelector(%q);
		field.value = %q; field.dispatchEvent(new Event(%q, { bubbles: true })); } undefined`, selector, value, event)))
}

// onPaper makes the page look as it does on a sheet of A4 with Chromium's margins.
func (b *tab) onPaper() {
	b.Helper()
	b.do(EmulateViewport(718, 1047), Func(func(ctx context.Context, t *Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
}

// labPrint checks what the laboratory is on paper: a still picture of one step.
func labPrint(b *labTab) {
	b.open("silent-client&server=forkserv&step=64")
	b.press(`[data-part="queue"] summary`)
	pdf, err := Run(b.ctx, PrintToPDF())
	if err != nil {
		b.Fatal(err)
	}
	if sheets := bytes.Count(pdf, []byte("/Type /Page\n")); sheets < 3 || sheets > 6 {
		b.Errorf("the laboratory takes %d sheets", sheets)
	}
	b.onPaper()
	b.holds("the server's name is there, and no other server's", `[...document.querySelectorAll("#which label")]
		.filter((label) => label.checkVisibility()).map((label) => label.textContent.trim()).join() === "forkserv"`)
	b.holds("nothing that can be pressed is there", `[...document.querySelectorAll("main :is(button, input, select, textarea)")]
		.every((e) => !e.checkVisibility())`)
	b.holds("no part is there that the reader has folded", `!document.querySelector('[data-part="queue"]').checkVisibility() &&
		document.querySelector('[data-part="tree"]').checkVisibility()`)
	b.holds("the answer is", `document.querySelector("#answer p").checkVisibility({ contentVisibilityAuto: true })`)
	b.holds("no part scrolls", `[...document.querySelectorAll("main *")].filter((e) => e.checkVisibility() &&
		["auto", "scroll"].includes(getComputedStyle(e).overflowY)).every((e) => e.scrollHeight <= e.clientHeight + 2)`)
	b.holds("the phases fit on a sheet with their heading", `document.querySelector("#phases").getBoundingClientRect().height < innerHeight`)
	b.holds("nothing is wider than the sheet", `document.documentElement.scrollWidth <= innerWidth`)
}
