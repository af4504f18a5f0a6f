// The space-time diagram: a lane for each client, one for the kernel, one for each process; time goes down. It draws
// only the rows that can be seen, so ten thousand events stay fast. timeline.js says what is where.
//
//   const diagram = new Spacetime(element, { title, select(event) {…}, link: (source) => "/source/…" });
//   diagram.show({ lanes, events, pairs, waits }); // again with more events: the new rows are added
//   diagram.select(seq);                           // without a call of the listener

import { printable, say } from "./dom.js";
import { EventTable, element, fill, sentence, svgElement } from "./words.js";
import { Timeline, columns, first, labelText, middle, rowHeight, trackAt } from "./timeline.js";

const spare = 12; // rows drawn above and below those that can be seen
const paper = 680; // width of the text on a printed page
const head = 26; // height of the lanes' names
let diagrams = 0;

// same tells whether two objects are the same event, although one may have been parsed again.
const same = (a, b) => a === b || a !== undefined && b !== undefined &&
  ["seq", "time", "lane", "call", "args", "result", "action"].every((key) => a[key] === b[key]);

// barWidth leaves room for the bars of other threads.
const barWidth = (shift) => (shift > 0 ? 4 : 8);

const legend = [
  ["●", "a system call, at the moment when it returned"],
  ["○", "a call that returned an error. EAGAIN means that the call would have to wait"],
  ["◆", "what a client or the machine does"],
  ["▮", "the thread waits in the call below"],
  ["→", "bytes: from the write, through a buffer of the kernel, to the read that got them"],
  ["⇢", "dashed: a connection on its way to accept, a FIN, or a reset"],
  ["□", "bytes that no read has taken yet"],
];

const keys = "↑ ↓ one event · ← → along an arrow · Page Up, Page Down, Home, End";

export class Spacetime {
  constructor(host, { title = "Space-time diagram", select = () => {}, link = () => null } = {}) {
    Object.assign(this, { host, listener: select, link, id: `spacetime-${++diagrams}` });
    Object.assign(this, { chosen: -1, drawn: [0, -1], spare });
    this.build(title);
    this.show({ lanes: [], events: [] });
    this.scroll.addEventListener("scroll", () => this.draw());
    this.scroll.addEventListener("keydown", (event) => this.key(event));
    this.events.addEventListener("click", ({ target }) =>
      this.choose(Number(target.closest("[data-row]")?.dataset.row)));
    new ResizeObserver(() => this.resize()).observe(this.scroll);
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  build(title) {
    this.corner = svgElement("svg", { class: "corner", height: head });
    this.names = svgElement("svg", { height: head });
    this.times = svgElement("svg", { class: "times", "aria-hidden": "true" });
    this.events = svgElement("svg", { class: "events", role: "none" });
    this.ground = element("div", { class: "ground", role: "none" }, this.times, this.events);
    const described = `${this.id}-keys`;
    this.scroll = element("div", { class: "scroll", tabindex: "0", role: "listbox", "aria-label": title,
      "aria-describedby": described },
    element("div", { class: "names", "aria-hidden": "true" }, this.corner, this.names), this.ground);
    this.words = element("p", { class: "chosen" });
    const help = element("details", { class: "help" }, element("summary", {}, "How to read the diagram"),
      element("dl", {}, ...legend.flatMap(([sign, text]) => [element("dt", {}, sign), element("dd", {}, text)])));
    this.table = new EventTable();
    this.host.classList.add("spacetime");
    this.host.replaceChildren(this.scroll, element("p", { class: "keys", id: described }, keys), this.words, help,
      this.table.details);
  }

  // show draws the data. Events that come after those of the last call are added, and followed if the last row was in
  // sight.
  show({ lanes, events, pairs, waits = [] }) {
    const { scrollTop, clientHeight, scrollHeight } = this.scroll;
    const follow = scrollTop + clientHeight >= scrollHeight - rowHeight;
    if (!this.continues(lanes, events)) {
      this.line = new Timeline(lanes);
      this.lanes = lanes.slice();
      this.places = null;
      if (!same(this.chosenEvent, events[this.chosen])) this.chosen = -1;
    }
    this.line.pair(pairs);
    for (let i = this.line.rows.length; i < events.length; i++) this.line.add(events[i]);
    this.left = this.line.pending();
    this.waits = waits;
    this.place();
    const top = follow ? Math.max(0, head + this.height - clientHeight) : Math.min(scrollTop, this.height);
    this.draw(true, top);
    if (follow) this.scroll.scrollTop = top;
    this.tell();
    this.table.show(this.line, this.left, this.chosen);
  }

  // continues tells whether the events begin with those that are laid out.
  continues(lanes, events) {
    const rows = this.line?.rows;
    if (!rows || rows.length > events.length) return false;
    const alike = (a, b) => a.id === b.id && a.name === b.name && a.kind === b.kind;
    if (this.lanes.length !== lanes.length || !lanes.every((lane, i) => alike(lane, this.lanes[i]))) return false;
    return rows.every(({ event }, i) => same(event, events[i]));
  }

  // resize uses the room that there is now.
  resize(width = this.scroll.clientWidth) {
    if (this.width !== width) this.places = null;
    this.width = width;
    this.place();
    this.draw(true);
  }

  // print draws what fits on a sheet: the rows that can be seen, and no others.
  print(on) {
    this.spare = on ? 0 : spare;
    this.resize(on ? paper : this.scroll.clientWidth);
  }

  // place gives the lanes their room.
  place() {
    const { rows, lanes } = this.line;
    this.height = Math.max(1, rows.length + this.waits.length) * rowHeight;
    this.ground.style.setProperty("--height", `${this.height}px`);
    if (this.places) return;
    this.width ??= this.scroll.clientWidth;
    this.places = columns(lanes, Math.max(320, this.width));
    this.scroll.style.setProperty("--width", `${this.places.width}px`);
    this.drawNames();
  }

  // drawNames draws the lanes' names, as many as there is room for.
  drawNames() {
    const { width, gutter, lanes } = this.places;
    let free = gutter; // the right end of the last name
    const names = lanes.map((lane) => {
      const text = [...lane.name].slice(0, lane.kind === "kernel" ? Math.floor(lane.width / 6.6) : 20).join("");
      const long = text.length * 7;
      const x = lane.kind === "client" ? lane.line + 4 : lane.kind === "kernel" ? lane.line : lane.line - 4;
      const left = lane.kind === "client" ? x - long : lane.kind === "kernel" ? x - long / 2 : x;
      if (left < free || left + long > width) return "";
      free = left + long + 3;
      return svgElement("text", { class: lane.kind, x, y: 17, "text-anchor":
        { client: "end", kernel: "middle", process: "start" }[lane.kind] }, text);
    });
    const box = (node, from, to, ...inner) => {
      fill(node, { width: to - from, viewBox: `${from} 0 ${to - from} ${head}` }, []);
      node.replaceChildren(svgElement("rect", { class: "cover", x: from, width: to - from, height: head }), ...inner,
        svgElement("path", { class: "edge", d: `M${from} ${head - 0.5}H${to}` }));
    };
    box(this.corner, 0, gutter, svgElement("text", { class: "time", x: 4, y: 17 }, "time"));
    box(this.names, gutter, width, ...names);
  }

  // draw draws the rows that can be seen, unless they are drawn already.
  draw(anyway = false, scrollTop = this.scroll.scrollTop) {
    const { clientHeight } = this.scroll;
    const from = Math.max(0, Math.floor((scrollTop - head) / rowHeight));
    const to = Math.min(this.line.rows.length - 1, Math.ceil((scrollTop + clientHeight) / rowHeight));
    if (!anyway && from >= this.drawn[0] && to <= this.drawn[1]) return;
    this.drawn = [Math.max(0, from - this.spare), Math.min(this.line.rows.length - 1, to + this.spare)];
    const [top, end] = this.drawn;
    const height = (end - top + 1 + (this.isEnd() ? this.waits.length : 0)) * rowHeight;
    this.ground.style.setProperty("--top", `${top * rowHeight}px`);
    const { gutter, width } = this.places;
    const visible = Math.max(height, 1);
    fill(this.times, { width: gutter, height: visible, viewBox: `0 ${top * rowHeight} ${gutter} ${visible}` }, []);
    fill(this.events, { width: width - gutter, height: visible,
      viewBox: `${gutter} ${top * rowHeight} ${width - gutter} ${visible}` }, []);
    const rows = this.line.rows.slice(top, end + 1).map((row, i) => [row, top + i]);
    const cover = svgElement("rect", { class: "cover", y: top * rowHeight, width: gutter, height: visible });
    this.times.replaceChildren(cover, ...rows.map(([{ time }, i]) =>
      svgElement("text", { x: gutter - 4, y: middle(i) + 4, "text-anchor": "end" }, time)));
    this.events.replaceChildren(...this.lifelines(top, visible), ...this.bars(top, end), ...this.arrows(top, end),
      ...this.pending(top, end), ...rows.map(([row, i]) => this.option(row, i)), ...this.waiting());
    this.light();
  }

  isEnd() { return this.drawn[1] === this.line.rows.length - 1; }

  x(row) { return this.places.lanes[this.line.rows[row].lane].line; }

  get kernel() { return this.places.lanes.find(({ kind }) => kind === "kernel"); }

  lifelines(top, height) {
    const y = top * rowHeight;
    const { lanes } = this.places;
    const lines = lanes.filter(({ kind }) => kind !== "kernel").map(({ line }) => `M${line} ${y}v${height}`);
    const grounds = lanes.filter(({ kind }) => kind === "kernel").map(({ left, width }) =>
      svgElement("rect", { class: "kernel", x: left, y, width, height }));
    return [...grounds, svgElement("path", { class: "life", d: lines.join("") })];
  }

  bars(top, end) {
    const { bars, rows } = this.line;
    return bars.filter((i) => rows[i].bar <= end && i >= top).map((i) => {
      const y = rows[i].bar * rowHeight + 2;
      const shift = this.line.shift(rows[i].event);
      const width = barWidth(shift);
      return svgElement("rect", { class: "bar", x: this.x(i) - 4 - shift, y, width, rx: 2, height: middle(i) - y });
    });
  }

  arrows(top, end) {
    const seen = this.line.arrows.filter(({ from, to }) => from <= end && to >= top);
    return seen.map(({ from, to, kind, side, track }) => {
      const x = trackAt(this.kernel, track);
      const back = x < this.x(to) ? -1 : 1; // the arrow comes from there
      const tip = this.x(to) + 6 * back;
      return svgElement("g", { class: `arrow ${kind} from-${side}`, "data-from": from, "data-to": to },
        svgElement("path", { d: `M${this.x(from)} ${middle(from)}H${x}V${middle(to)}H${tip}` }),
        svgElement("path", { class: "tip", d: `M${tip} ${middle(to)}l${7 * back} -4v8z` }));
    });
  }

  // pending draws what waits in the kernel.
  pending(top, end) {
    const x = trackAt(this.kernel, 0);
    return this.left.filter(({ from }) => from >= top && from <= end).map(({ from }) =>
      svgElement("g", { class: "pending" }, svgElement("path", { d: `M${this.x(from)} ${middle(from)}H${x}` }),
        svgElement("rect", { x: x - 4, y: middle(from) - 4, width: 8, height: 8 })));
  }

  // waiting draws the calls that haven't returned, each in a row of its own below the events. Their bars may begin far
  // above.
  waiting() {
    const more = {}; // threads of each lane
    return this.waits.flatMap((wait, i) => {
      const place = this.places.lanes.find(({ id }) => id === wait.lane);
      if (!place) return [];
      const row = this.line.rows.length + i;
      const top = (this.line.lastOf(wait) + 1) * rowHeight + 2;
      const bottom = (row + 1) * rowHeight;
      const shift = this.line.shift(wait, more[wait.lane]);
      if (!this.line.hasBar(wait)) more[wait.lane] = (more[wait.lane] ?? 0) + 1;
      const x = place.line - 4 - shift;
      const text = [`${wait.call}(${wait.args || ""}) waits`, `${wait.call}(${first(wait.args)}) waits`, wait.call]
        .find((t) => t.length <= place.chars) ?? "";
      return [svgElement("path", { class: "bar open", d: `M${x} ${top}V${bottom}m${barWidth(shift)} 0V${top}` }),
        this.label(place, middle(row), text, "label waits")];
    });
  }

  label({ kind, line }, y, text, name) {
    const left = kind === "client";
    const anchor = left ? "end" : "start";
    return svgElement("text", { class: name, x: line + (left ? -9 : 9), y: y + 4, "text-anchor": anchor }, text);
  }

  // option draws a row that can be chosen.
  option(row, i) {
    const { event } = row;
    const place = this.places.lanes[row.lane];
    const y = middle(i);
    const said = sentence(this.line, this.left, i);
    const bad = event.failed ? " failed" : event.errno ? " error" : "";
    const mark = event.call ? svgElement("circle", { class: "mark", cx: place.line, cy: y, r: 4 })
      : svgElement("path", { class: "mark", d: `M${place.line} ${y - 5}l5 5l-5 5l-5 -5z` });
    return svgElement("g", { id: `${this.id}-${i}`, class: `event ${place.kind}${bad}`, role: "option", "data-row": i,
      "aria-selected": "false", "aria-posinset": i + 1, "aria-setsize": this.line.rows.length,
      "aria-label": said },
    svgElement("rect", { class: "hit", x: this.places.gutter, y: y - rowHeight / 2, height: rowHeight,
      width: this.places.width - this.places.gutter }),
    mark, this.label(place, y, labelText(row, place.chars), "label"), svgElement("title", {}, said));
  }

  // light shows which row is chosen, and tells a screen reader. It can be told only of a row that is drawn.
  light() {
    this.scroll.removeAttribute("aria-activedescendant");
    for (const node of this.events.querySelectorAll("[role=option]")) {
      const yes = Number(node.dataset.row) === this.chosen;
      node.setAttribute("aria-selected", String(yes));
      if (yes) this.scroll.setAttribute("aria-activedescendant", node.id);
    }
    for (const node of this.events.querySelectorAll(".arrow")) {
      const { from, to } = node.dataset;
      node.classList.toggle("lit", Number(from) === this.chosen || Number(to) === this.chosen);
    }
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { rows } = this.line;
    const screen = Math.max(1, Math.floor((this.scroll.clientHeight - head) / rowHeight) - 1);
    const at = this.chosen;
    const sight = Math.min(rows.length - 1, Math.ceil(this.scroll.scrollTop / rowHeight)); // the first row in sight
    const to = { ArrowDown: at < 0 ? sight : at + 1, ArrowUp: at < 0 ? sight : at - 1, Home: 0, End: rows.length - 1,
      PageDown: Math.max(0, at) + screen, PageUp: at - screen, ArrowRight: rows[at]?.out[0]?.to ?? at,
      ArrowLeft: rows[at]?.into[0]?.from ?? at, Enter: at, " ": at }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the page has keys of its own
    if (rows.length > 0) this.choose(Math.max(0, Math.min(to, rows.length - 1)));
  }

  // choose makes a row the chosen one and tells the listener.
  choose(row) {
    if (!this.line.rows[row]) return;
    this.mark(row);
    this.listener(this.chosenEvent);
  }

  // select makes the event with that number the chosen one.
  select(seq) { this.mark(this.line.rows.findIndex(({ event }) => event.seq === seq)); }

  mark(row) {
    this.chosen = row;
    this.chosenEvent = this.line.rows[row]?.event;
    if (row >= 0) this.reveal(row);
    this.draw();
    this.light();
    this.tell();
    this.table.show(this.line, this.left, this.chosen);
  }

  // reveal scrolls until a row and its lane can be seen.
  reveal(row) {
    const { scroll, places } = this;
    const top = row * rowHeight;
    const room = scroll.clientHeight - head - rowHeight;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top > scroll.scrollTop + room) scroll.scrollTop = top - room;
    const place = places.lanes[this.line.rows[row].lane];
    const label = 12 + 6.7 * labelText(this.line.rows[row], place.chars).length;
    const left = place.line - (place.kind === "client" ? label : 8);
    const right = place.line + (place.kind === "client" ? 8 : label);
    if (left < scroll.scrollLeft + places.gutter) scroll.scrollLeft = left - places.gutter;
    else scroll.scrollLeft = Math.max(scroll.scrollLeft, right - scroll.clientWidth);
  }

  // tell says below the diagram what the chosen event is.
  tell() {
    const row = this.line.rows[this.chosen];
    if (!row) return say(this.words, "Choose an event with a click, or with the arrow keys.");
    const { bytes, source } = row.event;
    const parts = [`${sentence(this.line, this.left, this.chosen)}.`];
    if (bytes) parts.push(" ", element("code", {}, printable(bytes.length > 300 ? `${bytes.slice(0, 300)}…` : bytes)));
    if (source) {
      const text = `${source.func}, ${source.file.replace(/^threeloops\//, "")}:${source.line}`;
      const url = this.link(source);
      parts.push(" Called in ", url ? element("a", { href: url }, text) : text, ".");
    }
    this.words.replaceChildren(...parts);
  }
}
