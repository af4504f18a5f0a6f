package command

import (
	"testing"

	. "github.com/chromedp/chromedp"
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
			b.do(Evaluate[Void](`document.getElementById("finished").click();
				setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("it is kept", `window.later`)

			b.do(Navigate(url + "/"))
			b.holds("the front page leads on", `document.querySelector("a.go-on").textContent === "Continue with chapter 2: Remember"`)
			b.do(Navigate(url + "/chapters/"))
			b.holds("the list has a tick", `[...document.querySelectorAll(".course [data-chapter] > .tick")].every((tick) =>
				tick.textContent === (tick.parentElement.dataset.chapter === "2" ? "✓" : ""))`)
			b.do(Click(CSS("a.go-on")))
			b.holds("and leads on", `location.pathname + location.hash === "/chapters/02-bytes.html#remember"`)
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
			b.do(Evaluate[Void](`document.getElementById("finished").click();
				document.getElementById("remember").scrollIntoView(); setTimeout(() => { window.later = true; }, 1500); undefined`))
			b.holds("it is kept", `window.later`)
			if now := kept.Reading(); !off && (!now.Finished[0] || now.Places[0] != "remember" || now.Last == nil || *now.Last != 0) {
				t.Errorf("the coach has kept %+v", now)
			}
			b.do(Navigate(url + "zero.html"))
			b.holds("the page leads on", text("a.go-on")+` === "Continue with chapter 0: Remember"`)
			b.holds("it says where the reader stopped", text(".stopped")+` === "You stopped at “Remember”." &&
				document.querySelector("#finished").checked && `+text(".course .tick")+` === "✓"`)
		})
	}
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
