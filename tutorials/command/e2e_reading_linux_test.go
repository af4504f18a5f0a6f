package command

import (
	"fmt"
	"testing"
	"time"

	. "github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/learner/progress"
)

// A reader closes the page and comes back on another day, with the coach or without it.
func TestBrowserLeadsBackToThePlace(t *testing.T) {
	need(t, "chromium")
	for about, flags := range map[string][]string{"with a coach": nil, "without": {"-coach", "off"}} {
		t.Run(about, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			url := start(t, self(append([]string{"-base", "0"}, flags...)...)).urls["pollserv"]
			b := browse(t)
			b.do(EmulateViewport(1280, 800), Navigate(url+"/chapters/02-bytes.html"))
			b.holds("the box is there", `document.querySelector("#finished").checkVisibility()`)
			b.holds("the contents stand beside the text", `document.querySelector(".contents").getBoundingClientRect().right <
				document.querySelector("article").getBoundingClientRect().left`)
			b.do(Evaluate[Void](`document.getElementById("remember").scrollIntoView(); undefined`))
			b.holds("the contents mark the section", `document.querySelector(".contents [aria-current]").textContent === "Remember" &&
				document.querySelector(".contents [aria-current]").getBoundingClientRect().top > 0`)
			b.do(Evaluate[Void](`setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("it is kept", `window.later`)

			b.do(Navigate(url + "/"))
			b.holds("the front page leads on", `document.querySelector("a.go-on").textContent === "Continue with chapter 2: Remember"`)
			b.do(Click(CSS("a.go-on")))
			b.holds("to the place", `location.pathname + location.hash === "/chapters/02-bytes.html#remember"`)
			b.holds("the box can be ticked", `document.querySelector("#finished").checkVisibility()`)
			b.do(Evaluate[Void](`document.getElementById("finished").click(); undefined`))
			b.do(Evaluate[Void](`setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("that is kept, too", `window.later`)
			b.do(Navigate(url + "/chapters/"))
			b.holds("the list has a tick", `[...document.querySelectorAll(".course [data-chapter] > .tick")].every((tick) =>
				tick.textContent === (tick.parentElement.dataset.chapter === "2" ? "✓" : ""))`)
			b.holds("after a finished chapter comes the next one", `document.querySelector("a.go-on").textContent === "Continue with chapter 3" &&
				new URL(document.querySelector("a.go-on").href).pathname.startsWith("/chapters/03-")`)
			b.do(Navigate(url + "/chapters/02-bytes.html"))
			b.holds("the chapter does too", `document.querySelector(".stopped").textContent === "You stopped at “Remember”." &&
				document.querySelector("#finished").checked`)
		})
	}
}

// The number 0 is a chapter's number like any other, although it is false in JavaScript.
func TestBrowserReadsChapterZero(t *testing.T) {
	need(t, "chromium")
	for about, off := range map[string]bool{"with a coach": false, "without": true} {
		t.Run(about, func(t *testing.T) {
			url, kept := coached(t, off)
			b := browse(t)
			b.do(Navigate(url + "zero.html"))
			b.holds("the box is there", `document.querySelector("#finished").checkVisibility()`)
			b.holds("nothing leads on yet", text("a.go-on")+` === "Chapter 1"`)
			b.do(Evaluate[Void](`document.getElementById("remember").scrollIntoView();
				setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("the place is kept", `window.later`)
			b.do(Navigate(url + "zero.html"))
			b.holds("the page leads on", text("a.go-on")+` === "Continue with chapter 0: Remember"`)
			b.holds("it says where the reader stopped", text(".stopped")+` === "You stopped at “Remember”."`)
			b.do(Evaluate[Void](`document.getElementById("finished").click();
				setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("that it is finished is kept", `window.later`)
			if now := kept.Reading(); !off && (!now.Finished[0] || now.Places[0] != "remember" || now.Last == nil || *now.Last != 0) {
				t.Errorf("the coach has kept %+v", now)
			}
			b.do(Navigate(url + "zero.html"))
			b.holds("the page leads to the next chapter", text("a.go-on")+` === "Continue with chapter 1" &&
				document.querySelector("#finished").checked && `+text(".course .tick")+` === "✓"`)
		})
	}
}

// A browser that has kept a reader's progress under the old numbers of the chapters gives it to the coach
// under the new ones.
func TestBrowserHandsOnOldNumbers(t *testing.T) {
	need(t, "chromium")
	url, kept := coached(t, false)
	b := browse(t)
	b.do(Navigate(url+"_/icon.svg"), Evaluate[Void](`localStorage.setItem("threeloops", JSON.stringify({
		finished: { 1: true, 3: true }, places: { 4: "predict" }, last: 4 })); undefined`))
	b.do(Navigate(url + "zero.html"))
	b.holds("the coach has taken it", `!("finished" in JSON.parse(localStorage.getItem("threeloops")))`)
	now := kept.Reading()
	if d := cmp.Diff(map[int]bool{1: true, 3: true, 4: true}, now.Finished); d != "" {
		t.Errorf("the finished chapters (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[int]string{5: "predict"}, now.Places); d != "" {
		t.Errorf("the places (-want +got):\n%s", d)
	}
}

// The list of chapters says what is done in each, and what to do next.
func TestBrowserShowsWhereTheReaderStands(t *testing.T) {
	need(t, "chromium")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	kept, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	one, err := numbered(root, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, e := one.Predictions[0], one.Experiments[0]
	_, err = kept.Hint(1)
	for _, err := range []error{err, kept.Predict(p.ID(), p.Choices[p.Right]), kept.Ran(e.ID(), "x", time.Now()), kept.Solve(1), kept.Judged(1, 3, 15),
		kept.Stop(1, "remember"), kept.Finish(2, true)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b := browse(t)
	url := start(t, self("-base", "0")).urls["forkserv"]
	b.do(Navigate(url + "/chapters/"))
	of := func(chapter int) string { return fmt.Sprintf(`[data-chapter="%d"] > .done`, chapter) }
	b.holds("chapter 1 says what is done", text(of(1))+fmt.Sprintf(` ===
		"Predictions: 1 of %d, 1 right. Experiments: 1 of %d. Exercise: solved, 1 hint. You stopped at “Remember”."`,
		len(one.Predictions), len(one.Experiments)))
	b.holds("its place is a link", fmt.Sprintf(`document.querySelector('%s a').href.endsWith("/chapters/%s.html#remember")`, of(1), one.Name))
	b.holds("chapter 2 is finished", text(`[data-chapter="2"] > .tick`)+` === "✓" && `+text(of(2))+`.startsWith("Predictions: 0 of ")`)
	b.holds("chapter 3 isn't begun", text(of(3))+` === "Not begun."`)
	b.holds("project 1 is begun", text(`[data-project="1"] > .done`)+` === "3 of 15 checks passed the last time."`)
	b.holds("the page has the hours", text(".standing .total")+`.startsWith("You have done what took other readers about ") &&
		`+text(".standing .total")+`.endsWith(" are left.")`)
	b.holds("and the next thing, where the button leads, too", text(".standing .next")+`.startsWith(
		"Next: Go on with chapter 1, “`+one.Title+`”, at “Remember”. Still to do: ") &&
		document.querySelector(".standing .next a").href === document.querySelector("a.go-on").href`)
	b.holds("a screen reader reads it out", `document.querySelector(".standing").getAttribute("role") === "status"`)
	for _, width := range []int64{1280, 390} {
		b.do(EmulateViewport(width, 800))
		b.holds("nothing is wider than the window", `document.documentElement.scrollWidth <= innerWidth`)
	}
	b.do(Focus(CSS(of(1)+" a")), SendKeys(CSS(of(1)+" a"), "\r"))
	b.holds("the keyboard leads to the place", `location.hash === "#remember"`)
	b.do(Navigate(url + "/chapters/" + one.Name + ".html#finished"))
	b.holds("a link leads to the box that says that the chapter is finished", `document.activeElement.id === "finished"`)
}

func TestBrowserSaysThatTheCoachKnowsTheProgress(t *testing.T) {
	need(t, "chromium")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	b := browse(t)
	b.do(Navigate(start(t, self("-base", "0", "-coach", "off")).urls["pollserv"] + "/chapters/"))
	b.holds("the page says what is missing", text(".standing .total")+` === "While the coach runs, this page shows what you have done. " +
		"The coach isn't running, because the servers were started with -coach off. Start them again without that flag: go run ./tutorials"`)
	b.holds("and is as it was", `[...document.querySelectorAll(".course .done, .standing .next")].every((e) => !e.checkVisibility())`)
}

func TestBrowserExplainsTerms(t *testing.T) {
	b := browse(t)
	b.do(Navigate(servers(t)["epollserv"] + "/chapters/01-one-at-a-time.html"))
	const tip = `document.querySelector("article dfn + .meaning")`
	for _, width := range []int64{1280, 390} {
		b.do(EmulateViewport(width, 800))
		b.holds("it is hidden", `!`+tip+`.checkVisibility()`)
		b.do(Focus(CSS("article dfn")))
		b.holds("the focus shows it, within the window", `(({ left, right, bottom }) => `+tip+`.checkVisibility() && left >= 0 &&
			right <= innerWidth && bottom <= innerHeight)(`+tip+`.getBoundingClientRect())`)
		b.holds("nothing is wider", `document.documentElement.scrollWidth <= innerWidth`)
		b.do(SendKeys(CSS("article dfn"), "\x1b"))
		b.holds("Escape hides it", `!`+tip+`.checkVisibility()`)
		b.do(Evaluate[Void](`document.activeElement.blur(); undefined`))
	}
	b.holds("a phone has the contents in a line", `!document.querySelector(".contents details").open`)
}
