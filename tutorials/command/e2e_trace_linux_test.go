package command

import (
	"path/filepath"
	"testing"

	. "github.com/chromedp/chromedp"
)

// The page of the trace command works from a file, without a server: at the width of a desk and of a phone.
func TestBrowserShowsATrace(t *testing.T) {
	need(t, "strace")
	b := browse(t)
	file := filepath.Join(t.TempDir(), "trace.html")
	if status, out := runIn(t, ".", "trace", "-o", file, "-kind", "line", "-check", "halves",
		"-server", mutant(t, "one-read-one-line")); status != 0 {
		t.Fatal(out)
	}
	for _, width := range []int64{1280, 390} {
		b.do(EmulateViewport(width, 800), Navigate("file://"+file))
		b.holds("the symptom is there", `document.querySelector(".symptom dd.bad").textContent.includes("before the last piece")`)
		b.holds("the client's bytes are there",
			`[...document.querySelectorAll(".bytes pre")].some((pre) => pre.textContent.includes("6c 69 6e 65 20 30 20 6f"))`)
		b.holds("the page is as wide as the screen", `document.documentElement.scrollWidth <= innerWidth`)
		b.holds("the symptom is beside the diagram if there is room, else below it",
			`(document.querySelector(".symptom").getBoundingClientRect().left >=
				document.querySelector(".drawing").getBoundingClientRect().right) === (innerWidth > 1000)`)
		b.holds("the diagram is drawn, and the read of the wrong bytes is chosen",
			`document.querySelector(".diagram [aria-selected=true]").getAttribute("aria-label").includes("before the last piece")`)
		b.do(Click(CSS(".bytes li:nth-child(2) button")))
		b.holds("the button shows the client's write in the diagram",
			`document.querySelector(".diagram [aria-selected=true]").getAttribute("aria-label").includes("client 1: write")`)
	}
}
