// How far the reader has come: which chapters are finished, and where reading stopped. The coach keeps it
// where it runs, and else the browser, if it is allowed to. Without either, the pages are as they were written.

import { Coach, Gone, isFramed, unreachable } from "./ask.js";
import { at } from "./base.js";
import { renumbered } from "./renumber.js";
import { showStanding } from "./standing.js";

const key = "threeloops";
const soon = 700; // ms after the last scroll until the place is kept

// local is what the browser keeps for this server's pages.
export const local = {
  read() {
    try {
      return renumbered(JSON.parse(localStorage.getItem(key)) ?? {});
    } catch {
      return renumbered({});
    }
  },
  change(edit) {
    const all = this.read();
    edit(all);
    try {
      localStorage.setItem(key, JSON.stringify(all));
    } catch { /* the browser keeps nothing */ }
  },
};

// Reading is what is known, and keeps what is new. Its member last is undefined until a chapter has been read.
class Reading {
  async open() {
    const { finished = {}, places = {}, last } = local.read();
    [this.finished, this.places, this.last] = [finished, places, last];
    const coach = new Coach();
    try {
      await coach.find();
      const kept = await coach.get("/reading");
      this.coach = coach;
      for (const chapter of Object.keys(finished)) {
        if (!kept.finished?.[chapter]) await this.send({ chapter: Number(chapter), finished: true });
      }
      const isLast = ([chapter]) => Number(chapter) === last;
      for (const [chapter, section] of Object.entries(places).sort((a, b) => isLast(a) - isLast(b))) {
        if (!kept.places?.[chapter]) await this.send({ chapter: Number(chapter), section });
      }
      local.change((all) => { for (const name of ["finished", "places", "last"]) delete all[name]; });
      this.finished = { ...finished, ...kept.finished };
      this.places = { ...places, ...kept.places };
      this.last = kept.last ?? last;
    } catch (error) { // the browser keeps it
      this.why = error instanceof Gone && coach.url ? unreachable(coach.url) : error.message;
    }
  }

  send(what) { return this.coach.post("/reading", what); }

  // keep gives the coach what is new; without it, the browser.
  async keep(what, edit) {
    edit(this);
    try {
      if (!this.coach) throw new Error("no coach");
      await this.send(what);
    } catch {
      local.change((all) => {
        for (const name of ["finished", "places"]) all[name] ??= {};
        edit(all);
      });
    }
  }

  stop(chapter, section) {
    return this.keep({ chapter, section }, (all) => {
      all.places[chapter] = section;
      all.last = chapter;
    });
  }

  finish(chapter, finished) {
    return this.keep({ chapter, finished }, (all) => {
      if (finished) all.finished[chapter] = true;
      else delete all.finished[chapter];
    });
  }
}

// mark writes a tick into a place that is kept free for it.
export function mark(tick, done, words) {
  tick.textContent = done ? "✓" : "";
  tick.title = done ? words : "";
  if (done) tick.setAttribute("aria-label", words);
  else tick.removeAttribute("aria-label");
}

// list ticks the chapters of a list that are finished.
function list(reading) {
  for (const item of document.querySelectorAll("[data-chapter] > .tick")) {
    mark(item, reading.finished[item.parentElement.dataset.chapter], "finished");
  }
}

// current is the chapter that the reader has read last; if it is finished, the next one that isn't. The file
// learner/standing/next.go has the same rule.
function current(course, { finished, last }) {
  const from = course.findIndex(({ number }) => number === last);
  const open = ({ number }) => !finished[number];
  return course.slice(Math.max(from, 0)).find(open) ?? course.find(open) ?? course[from];
}

// goOn makes a link that leads to the first chapter lead to where the reader goes on.
async function goOn(reading) {
  const links = document.querySelectorAll("a.go-on");
  const begun = reading.last !== undefined || Object.keys(reading.finished).length > 0;
  if (links.length === 0 || !begun) return;
  const chapter = current(await (await fetch(at("/course.json"))).json(), reading);
  if (!chapter) return;
  const place = reading.places[chapter.number];
  const section = chapter.sections[place];
  for (const a of links) {
    a.href = at(chapter.url) + (section ? `#${place}` : "");
    a.textContent = `Continue with chapter ${chapter.number}${section ? `: ${section}` : ""}`;
  }
}

// Contents marks the section that is being read, and tells when it is another one.
class Contents {
  constructor(nav, moved) {
    this.moved = moved;
    this.links = new Map([...nav.querySelectorAll("a")].map((a) => [a.hash.slice(1), a]));
    this.heads = [...this.links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    let asked = false;
    addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; this.look(); });
    }, { passive: true });
    this.look();
  }

  look() {
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const at = end ? this.heads.at(-1)
      : this.heads.findLast((h) => h.getBoundingClientRect().top < innerHeight * 0.3) ?? this.heads[0];
    if (!at || at.id === this.now) return;
    this.links.get(this.now)?.removeAttribute("aria-current");
    this.links.get(at.id).setAttribute("aria-current", "true");
    const first = this.now === undefined;
    this.now = at.id;
    if (!first) this.moved(at.id);
  }
}

// chapterPage says where the reader stopped, keeps the place, and has the box that says that it is finished.
function chapterPage(reading, number) {
  const place = reading.places[number];
  const stopped = document.querySelector(".stopped");
  const link = place && document.querySelector(`.contents a[href="#${CSS.escape(place)}"]`);
  if (link && !location.hash) {
    const a = document.createElement("a");
    a.href = link.hash;
    a.textContent = link.textContent.trim();
    stopped.replaceChildren("You stopped at “", a, "”.");
  }
  const box = document.querySelector("#finished");
  box.checked = Boolean(reading.finished[number]);
  box.addEventListener("change", () => reading.finish(number, box.checked));
  box.closest("p").hidden = false;
  if (location.hash === "#finished") box.focus(); // the browser couldn't go there before
}

async function begin() {
  const { chapter } = document.body.dataset; // undefined on a page that isn't a chapter
  const reading = new Reading();
  let timer;
  const opened = reading.open();
  const nav = document.querySelector(".contents");
  const wide = matchMedia("(min-width: 76rem)");
  if (chapter && nav) {
    const fold = () => { nav.querySelector("details").open = wide.matches; };
    fold();
    wide.addEventListener("change", fold);
    new Contents(nav, (section) => {
      clearTimeout(timer);
      timer = setTimeout(() => opened.then(() => reading.stop(Number(chapter), section)), soon);
    });
  }
  await opened;
  list(reading);
  if (chapter) chapterPage(reading, Number(chapter));
  await goOn(reading);
  await showStanding(reading);
}

if (!isFramed) {
  begin().catch(console.error);
  // A browser may keep the page while its reader is in a chapter, and show it again as it was.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && document.body.dataset.chapter === undefined) begin().catch(console.error);
  });
}
