package command

import (
	"fmt"
	"testing"

	. "github.com/chromedp/chromedp"

	"threeloops/tutorials/book/markdown"
)

// unreadable is a function that lists the faults of a chapter's still pictures: two widths at the same time,
// small letters, text that is cut off or meets other text, and a page that scrolls sideways.
const unreadable = `() => {
	const faults = [];
	const page = document.documentElement;
	if (page.scrollWidth > page.clientWidth) faults.push("the page is " + page.scrollWidth + " wide");
	for (const still of document.querySelectorAll(".scene .still")) {
		const shown = [...still.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
		if (shown.length !== 1) faults.push(shown.length + " pictures are shown");
		for (const svg of shown) {
			const whole = svg.getBoundingClientRect();
			if (whole.width < 0.9 * svg.viewBox.baseVal.width) faults.push("the letters are small");
			const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
			for (const [i, [text, box]] of texts.entries()) {
				if (box.left < whole.left - 1 || box.right > whole.right + 1) faults.push(text + " is cut off");
				const other = texts.slice(i + 1).find(([, o]) => Math.abs(o.top - box.top) < 8 &&
					Math.min(box.right, o.right) - Math.max(box.left, o.left) > 1);
				if (other) faults.push(text + " runs into " + other[0]);
			}
		}
	}
	return faults.join("\n");
}`

// The examples of the laboratory can be read in each chapter, on a wide and on a narrow screen.
func TestBrowserShowsTheStillPicturesOfChapters(t *testing.T) {
	need(t, "chromium")
	book, err := markdown.Load("../..", markdown.Folder)
	if err != nil {
		t.Fatal(err)
	}
	url := servers(t)["epollserv"]
	b := browse(t)
	for _, c := range book.Chapters {
		if len(c.Labs) == 0 {
			continue
		}
		for _, width := range []int64{1280, 390} {
			b.do(EmulateViewport(width, 800), Navigate(url+"/chapters/"+c.Name+".html"))
			b.holds("each example has its picture and a closed answer", fmt.Sprintf(`document.querySelectorAll(".scene").length === %d &&
				[...document.querySelectorAll(".scene")].every((s) => s.querySelector(".still svg[role=img][aria-label]") &&
				!s.querySelector(".answer").open && s.querySelector("a[href^='/lab.html#']"))`, len(c.Labs)))
			found, err := Run(b.ctx, Evaluate[string]("("+unreadable+")()"))
			if err != nil {
				t.Fatal(err)
			}
			if found != "" {
				t.Errorf("%s, %d pixels wide:\n%s", c.Name, width, found)
			}
		}
	}
	b.holds("on a screen the answer is folded", `!document.querySelector(".scene .answer p").checkVisibility()`)
	b.do(Click(CSS(".scene .answer summary")))
	b.holds("the answer opens", `document.querySelector(".scene .answer").open`)
	b.do(Reload())
	b.onPaper()
	b.holds("on paper the answer is open, and the address of the laboratory is there", `[...document.querySelectorAll(".scene")].every((s) =>
		s.querySelector(".answer p").checkVisibility() && !s.querySelector(".answer").open &&
		getComputedStyle(s.querySelector("a[href*='lab.html#']"), "::after").content.includes("lab.html#"))`)
	found, err := Run(b.ctx, Evaluate[string]("("+unreadable+")()"))
	if err != nil {
		t.Fatal(err)
	}
	if found != "" {
		t.Errorf("on paper:\n%s", found)
	}
}
