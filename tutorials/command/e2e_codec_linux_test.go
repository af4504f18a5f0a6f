package command

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	. "github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"threeloops/tutorials/site/codec/inspect"
)

// codecSite serves the pages, without the codec. build adds the codec.
func codecSite(t *testing.T) (url, lab string) {
	t.Helper()
	need(t, "chromium")
	from, err := pagesDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "site"), os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	lab = filepath.Join(dir, "site", "lab")
	if err := os.Mkdir(lab, 0o755); err != nil {
		t.Fatal(err)
	}
	host := http.NewServeMux()
	host.Handle("/", http.FileServer(http.Dir(filepath.Join(dir, "site"))))
	host.Handle("/_/", http.StripPrefix("/_", http.FileServer(http.Dir("../../common/app/site"))))
	s := httptest.NewServer(host)
	t.Cleanup(s.Close)
	return s.URL, lab
}

// buildCodec puts into dir what the page loads.
func buildCodec(t *testing.T, dir string) {
	t.Helper()
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	wasm := filepath.Join(t.TempDir(), "codec.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", wasm, "./tutorials/site/codec")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	program, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.Create(filepath.Join(dir, "codec.wasm.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(packed)
	z.Write(program)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"wasm_exec.js": string(glue), "ready.json": `{"ready":true,"why":""}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const codecLoaded = `document.getElementById("codec").checkVisibility() && !document.getElementById("state").checkVisibility()`

func TestBrowserCodec(t *testing.T) {
	url, lab := codecSite(t)
	if !t.Run("it waits until the codec is built", func(t *testing.T) { codecWaits(t, url, lab) }) {
		t.FailNow()
	}
	for _, c := range []struct {
		about string
		test  func(*testing.T, *tab, string)
	}{
		{"every example has its events and its answer", codecExamples},
		{"bytes are cut with the mouse", codecMouse},
		{"the keyboard is enough", codecKeyboard},
		{"bytes are typed", codecTyped},
		{"a trace is pasted", codecTrace},
		{"the address has the state", codecLinks},
		{"links lead out and back", codecLeads},
		{"it fits a phone", codecPhone},
		{"everything has a name", codecNames},
	} {
		t.Run(c.about, func(t *testing.T) {
			b := browse(t, "/stats", "/coach.json") // this host isn't one of the servers
			b.do(EmulateViewport(1280, 900), Navigate(url+"/codec.html"))
			b.holds("the codec is loaded", codecLoaded)
			c.test(t, b, url)
		})
	}
}

// codecWaits: the page says what is missing, and goes on by itself when it is there.
func codecWaits(t *testing.T, url, lab string) {
	b := browse(t, "/stats", "ready.json")
	b.do(Navigate(url + "/codec.html"))
	b.holds("the page says that there is no codec", `document.getElementById("state").textContent.includes("go run ./tutorials")`)
	b.holds("the examples can be read", `document.querySelectorAll(".all-examples tbody tr").length >= 20 &&
		document.querySelector("main").textContent.includes("close 1002, Protocol error; FIN") && !document.getElementById("codec").checkVisibility()`)
	if err := os.WriteFile(filepath.Join(lab, "ready.json"), []byte(`{"ready":false,"why":"This takes a minute."}`), 0o644); err != nil {
		t.Fatal(err)
	}
	b.do(Reload())
	b.holds("the page says what it waits for", `document.getElementById("state").textContent === "This takes a minute."`)
	buildCodec(t, lab)
	b.holds("it goes on", codecLoaded)
}

// codecExamples presses each example's button. The browser must say what Go says here.
func codecExamples(t *testing.T, b *tab, _ string) {
	for _, g := range inspect.Examples() {
		for _, e := range g.Examples {
			want := inspect.Inspect(e.Request)
			events := 0
			for _, p := range want.Pieces {
				events += len(p.Events)
			}
			answers := []string{}
			for _, part := range strings.Split(e.Answer(), "; ") {
				if part != "" && part != "FIN" {
					answers = append(answers, part)
				}
			}
			text, err := json.Marshal(answers)
			if err != nil {
				t.Fatal(err)
			}
			b.do(Click(CSS(`[data-example="` + e.Name + `"]`)))
			b.holds(e.Name+" is chosen", `document.querySelector('[data-example="`+e.Name+`"]').getAttribute("aria-pressed") === "true" &&
				document.querySelectorAll('[data-example][aria-pressed="true"]').length === 1 &&
				document.getElementById("note").textContent.includes("`+e.RFC+`") && location.hash === "#example=`+e.Name+`"`)
			b.holds("each event is listed", `document.querySelectorAll(".pieces > li").length === `+strconv.Itoa(len(want.Pieces))+` &&
				document.querySelectorAll(".events > li").length === `+strconv.Itoa(events))
			b.holds("each answer is listed", `JSON.stringify([...document.querySelectorAll(".answer li")].map((li) => li.textContent)
				.filter((text) => !text.startsWith("FIN"))) === JSON.stringify(`+string(text)+`)`)
			b.holds("each frame has a column", `document.querySelectorAll("#frames-table thead th").length - 1 === `+strconv.Itoa(len(want.Frames)))
			wrong := `document.querySelectorAll("#bytes .refused").length === 0`
			if want.Wrong >= 0 {
				wrong = `document.querySelector("#bytes .refused").dataset.at === "` + strconv.Itoa(want.Wrong) + `" &&
					document.querySelector(".broken-rule a").href.startsWith("https://www.rfc-editor.org/rfc/rfc")`
			}
			b.holds("the byte that is refused is marked", wrong)
		}
	}
}

// codecMouse cuts a masked frame inside its key, and joins it again.
func codecMouse(t *testing.T, b *tab, _ string) {
	b.do(Click(CSS(`[data-example="masked-text"]`)), Click(CSS(`#bytes [data-at="4"]`)))
	b.holds("there are two pieces", `[...document.querySelectorAll(".pieces h3")].map((h) => h.textContent).join("; ") ===
		"Piece 1: bytes 0–3; Piece 2: bytes 4–10"`)
	b.holds("the first needs more bytes", `document.querySelector(".pieces > li .event").textContent === "ws NeedMore bytes 0–3"`)
	b.holds("the cut is marked", `document.querySelector('#bytes [data-at="4"]').getAttribute("aria-pressed") === "true" &&
		document.getElementById("cuts").value === "4"`)
	b.do(Click(CSS(`#bytes [data-at="8"]`)))
	b.holds("there are three pieces", `document.querySelectorAll(".pieces > li").length === 3`)
	b.holds("the state of the text is told", `document.querySelector(".utf8").textContent.includes("between two characters")`)
	b.do(Click(CSS(`#bytes [data-at="4"]`)), Click(CSS(`#bytes [data-at="8"]`)))
	b.holds("they are joined", `document.querySelectorAll(".pieces > li").length === 1 && document.getElementById("join").disabled`)
	b.do(Click(CSS(`#every`)))
	b.holds("each byte is a piece", `document.querySelectorAll(".pieces > li").length === 11`)
	b.do(Click(CSS(`#join`)), Clear(CSS("#cuts")), SendKeys(CSS("#cuts"), "2, 6"))
	b.holds("cuts can be typed", `document.querySelectorAll(".pieces > li").length === 3 && document.getElementById("cuts").value === "2, 6"`)
	b.do(Click(CSS(`[data-example="bad-utf8"]`)))
	b.holds("the phase is shown", `document.querySelector("#phases .phase.lit")?.id === "phase-linger"`)
	b.holds("missing bytes of a character are counted", `document.querySelector(".utf8").textContent.includes("f0 9f have arrived, and 2 continuation bytes are missing")`)
	b.do(Click(CSS(`[data-example="bare-lf"]`)), Focus(CSS(`#bytes [data-at="15"]`)))
	b.holds("what follows a mistake is discarded", `document.getElementById("byte").textContent === "Byte 15: 48, H, discarded"`)
	b.do(Click(CSS(`[data-example="binary-64k"]`)))
	b.holds("a large message has a gap", `document.querySelector("#bytes .gap").textContent.startsWith("64,458 bytes") &&
		document.querySelectorAll("#bytes button").length === 1088 && document.getElementById("every").disabled`)
}

// codecKeyboard does everything without a mouse.
func codecKeyboard(t *testing.T, b *tab, _ string) {
	const at = `document.activeElement.dataset.at`
	b.do(Click(CSS(`[data-example="masked-text"]`)), Focus(CSS(`#text`)), KeyEvent("\t"))
	b.holds("the grid is the next stop", at+` === "0"`)
	b.do(KeyEvent(kb.ArrowRight), KeyEvent(kb.ArrowRight), KeyEvent(kb.End), KeyEvent(kb.Home))
	b.holds("Home leads to the first byte", at+` === "0"`)
	b.do(KeyEvent(kb.ArrowRight), KeyEvent(kb.ArrowRight), KeyEvent(kb.ArrowRight), KeyEvent(kb.ArrowRight), KeyEvent(kb.ArrowLeft))
	b.holds("the arrows lead to the fourth", at+` === "3"`)
	b.do(KeyEvent("\r"))
	b.holds("Enter cuts", `document.querySelectorAll(".pieces > li").length === 2 && document.getElementById("cuts").value === "3"`)
	b.holds("the focus stays", at+` === "3"`)
	b.holds("the byte is described", `document.getElementById("byte").textContent === "Byte 3: fa, masking key of frame 1"`)
	b.do(KeyEvent(" "))
	b.holds("the blank joins", `document.querySelectorAll(".pieces > li").length === 1`)
	b.do(KeyEvent("\t"))
	b.holds("the grid is one stop", `document.activeElement.id === "every"`)
	b.do(KeyEvent("\r"))
	b.holds("the button works", `document.querySelectorAll(".pieces > li").length === 11`)
}

// codecType types a text in the place of the one that is there.
func (b *tab) codecType(text string) {
	b.Helper()
	b.do(Evaluate[Void](`document.getElementById("text").value = ""; undefined`), SendKeys(CSS("#text"), text))
}

// codecTyped types bytes in each form, and mistakes.
func codecTyped(t *testing.T, b *tab, _ string) {
	b.codecType("81 4g")
	b.holds("a mistake is said", `document.getElementById("wrong").textContent.includes('not "4g"') && document.getElementById("result").hidden &&
		document.getElementById("text").getAttribute("aria-invalid") === "true"`)
	b.codecType("89 80 00 00 00 00")
	b.holds("a ping is answered", `document.querySelector(".answer li").textContent === "pong, 0 bytes" && !document.getElementById("wrong").textContent`)
	b.do(Click(CSS(`[name="form"][value="text"]`)))
	b.holds("the bytes are written as text", `document.getElementById("text").value === "\\x89\\x80\\x00\\x00\\x00\\x00"`)
	b.do(Click(CSS(`[name="protocol"][value="http"]`)))
	b.codecType("GET /healthz HTTP/1.1\rHost: localhost\r\r")
	b.holds("a request is answered", `document.querySelector(".answer li").textContent === "HTTP/1.1 200 OK" &&
		document.querySelector(".facts").textContent.includes("/healthz") && document.getElementById("frames-section").hidden`)
	b.do(Click(CSS(`[name="direction"][value="server"]`)))
	b.holds("a server sends no requests", `document.getElementById("wrong").textContent.startsWith("only a client sends requests")`)
	b.do(Click(CSS(`[name="direction"][value="client"]`)), Click(CSS(`[name="fin"]`)))
	b.holds("the FIN is an event", `[...document.querySelectorAll(".event b")].at(-1).textContent === "FIN"`)
}

// codecTrace pastes a trace of the conformance tests, and one that doesn't hold.
func codecTrace(t *testing.T, b *tab, _ string) {
	paste := func(text string) {
		t.Helper()
		value, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		b.do(Evaluate[Void](`(() => { const text = document.getElementById("text"); text.value = ` + string(value) + `;
			text.dispatchEvent(new Event("input", { bubbles: true })); })(); undefined`))
	}
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := os.ReadFile(filepath.Join(root, "common", "conformance", "traces", "rfc6455-8.1-character-cut-by-ping.trace"))
	if err != nil {
		t.Fatal(err)
	}
	paste("GET /healthz HTTP/1.1\nHost: localhost\n\n")
	b.holds("a request is known", `document.querySelector('[name="form"][value="text"]').checked &&
		document.querySelector(".answer li").textContent === "HTTP/1.1 200 OK"`)
	b.do(Click(CSS(`[name="form"][value="hex"]`)))
	paste(string(trace))
	b.holds("a trace is known", `document.querySelector('[name="form"][value="trace"]').checked`)
	b.holds("it holds", `document.getElementById("verdict").textContent.startsWith("The trace “RFC 6455 5.6: a ping inside a cut character changes nothing” holds")`)
	b.holds("its blocks are the pieces", `document.querySelectorAll(".pieces > li").length === 2 &&
		document.querySelectorAll("#frames-table thead th").length === 4`)
	b.holds("the other choices can't be made", `document.querySelector('[name="direction"]').matches(":disabled")`)
	paste(strings.Replace(string(trace), "pong ff", "pong fe", 1))
	b.holds("a wrong expectation is named", `document.getElementById("verdict").textContent.includes("doesn't hold. trace:6:")`)
	paste("> 4g")
	b.holds("so is a mistake", `document.getElementById("wrong").textContent.startsWith("trace:2: want hex bytes")`)
}

// codecLinks: a link leads to the same bytes, cuts and choices, and the history works.
func codecLinks(t *testing.T, b *tab, url string) {
	b.do(Click(CSS(`[data-example="deflate"]`)), Click(CSS(`#bytes [data-at="7"]`)))
	b.holds("the address has the cut", `new URLSearchParams(location.hash.slice(1)).get("cuts") === "7"`)
	b.holds("the link has it too", `document.getElementById("link").hash === location.hash`)
	b.do(Reload())
	b.holds("it is there after a reload", codecLoaded+` && document.querySelectorAll(".pieces > li").length === 2 &&
		document.querySelector('[name="deflate"][value="on"]').checked`)
	b.do(Navigate(url+"/codec.html#example=opcode-3"), Reload())
	b.holds("an example has a link", codecLoaded+` && document.querySelector(".broken-rule strong").textContent === "reserved opcode"`)
	b.do(Click(CSS(`[data-example="ping"]`)))
	b.holds("another one", `document.querySelector(".event b").textContent === "PingFrame"`)
	b.do(NavigateBack())
	b.holds("back leads to the first", `document.querySelector(".broken-rule strong")?.textContent === "reserved opcode"`)
}

// codecLeads: the chapters lead to the page, and a rule leads to its source.
func codecLeads(t *testing.T, b *tab, url string) {
	b.do(Navigate(url+"/chapters/"), Click(CSS(`main a[href="/codec.html"]`)))
	b.holds("the list of chapters leads here", codecLoaded)
	b.do(Click(CSS(`[data-example="unmasked"]`)))
	b.do(Evaluate[Void](`document.querySelector(".broken-rule a:last-child").click(); undefined`))
	b.holds("a rule leads to its source", `location.pathname === "/source/common/ws/error.go.html" &&
		document.getElementById(location.hash.slice(1)) !== null`)
}

// codecPhone: nothing is wider than a phone.
func codecPhone(t *testing.T, b *tab, _ string) {
	b.do(EmulateViewport(390, 800))
	for _, g := range inspect.Examples() {
		for _, e := range g.Examples {
			b.do(Click(CSS(`[data-example="` + e.Name + `"]`)))
			b.holds(e.Name+" is not wider than a phone", `document.documentElement.scrollWidth <= 390 &&
				location.hash === "#example=`+e.Name+`"`)
		}
	}
}

// codecNames: each control has a name, also after a result.
func codecNames(t *testing.T, b *tab, _ string) {
	b.do(Click(CSS(`[data-example="handshake"]`)))
	b.holds("controls have names", `[...document.querySelectorAll("main button, main input, main textarea, main summary")].every((control) =>
		(control.getAttribute("aria-label") ?? control.textContent).trim() || control.labels?.length)`)
	b.holds("what scrolls can have the focus", `[...document.querySelectorAll("main pre, main .wide")].every((box) => box.tabIndex === 0)`)
	b.holds("no id is there twice", `(() => { const all = [...document.querySelectorAll("[id]")].map(({ id }) => id);
		return new Set(all).size === all.length; })()`)
}
