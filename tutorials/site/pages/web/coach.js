// What a reader can do in a chapter with the help of the coach: predict, run an experiment, send bad clients to the
// server of this page. Without the coach the page says how to start it, and is readable all the way.

import { stats } from "./_/model.js";
import { Coach, Gone, isFramed, sleep, unreachable } from "./ask.js";
import { at } from "./base.js";
import { local, mark } from "./reading.js";

const look = 1000; // ms between two looks at the clients and at the server

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// say writes only what is new, because a screen reader reads out what is written into a live region.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Silent is the error if the server doesn't answer any more.
class Silent extends Error {
  constructor() {
    super("The server of this page doesn't answer any more. If it doesn't come back in a moment, start it as before,  " +
      "with go run ./tutorials: this page goes on by itself then.");
  }
}

// Prediction is a form with a question. The coach saves the answer; without a coach, the page does.
class Prediction {
  constructor(form) {
    this.form = form;
    this.name = form.dataset.name;
    this.said = form.querySelector(".said");
    this.why = form.querySelector(".why");
    this.changed = () => {}; // the experiment replaces it
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.choose());
    this.why.addEventListener("toggle", () => this.tell());
  }

  // words returns the text of the choice with that value, as the page shows it.
  words(value) {
    const input = all("input", this.form).find((i) => i.value === value);
    return `“${input ? input.closest("label").textContent.trim() : value}”`;
  }

  get choice() { return this.form.elements.choice.value; }

  // recall shows the answer of an earlier visit.
  recall(choice) {
    const input = all("input", this.form).find((i) => i.value === choice);
    if (input) input.checked = true;
    this.tell();
    this.changed();
  }

  async choose() {
    this.tell();
    this.changed();
    if (!this.coach) {
      const { name, choice } = this;
      local.change((all) => { (all.predictions ??= {})[name] = choice; });
      return;
    }
    try {
      await this.coach.post("/predictions", { name: this.name, choice: this.choice });
    } catch (error) {
      say(this.said, `You say ${this.words(this.choice)}. It isn't kept: ${error.message}`);
      if (error instanceof Gone) this.coach.back().then(() => this.choose());
    }
  }

  // tell says which answer the reader chose and, when the explanation is open, which is right.
  tell() {
    if (!this.choice) return;
    const mine = this.words(this.choice);
    const { right } = this.why.dataset;
    if (!this.why.open) say(this.said, `You say ${mine}.`);
    else if (this.choice === right) say(this.said, `You said ${mine}, and that is right.`);
    else say(this.said, `You said ${mine}; the right answer is ${this.words(right)}.`);
    this.form.dataset.verdict = !this.why.open ? "" : this.choice === right ? "right" : "wrong";
  }

  reveal() {
    this.why.open = true;
    this.tell();
  }
}

// isTable tells whether a line of output belongs to a table. Other lines may wrap, so that they don't make the
// table scroll.
const isTable = (line) => line === "" || /\S\s{2,}\S/.test(line);

function words(line) {
  const span = document.createElement("span");
  span.className = "words";
  span.textContent = line;
  return span;
}

const drawn = (svg) => new DOMParser().parseFromString(svg, "text/html").querySelector("svg");

// Experiment is a section with a program to run. It comes after the predictions that it answers.
class Experiment {
  constructor(section, predictions) {
    this.section = section;
    this.name = section.dataset.name;
    this.predictions = predictions;
    [this.button, this.state, this.verdict, this.ours, this.yours, this.chart, this.output] =
      [".run", ".state", ".verdict", ".ours", ".yours", ".yours .chart", ".yours pre"]
        .map((s) => section.querySelector(s));
    this.label = this.button.textContent;
    for (const p of predictions) p.changed = () => { this.ready(); tickSections(); };
  }

  get said() { return this.predictions.every(({ choice }) => choice !== ""); }

  start(coach) {
    this.coach = coach;
    this.button.addEventListener("click", () => (this.stop ? this.stop.abort() : this.run()));
    this.ready();
  }

  // alone says why there is no coach. The reader can't run the program here, so an answer opens our run.
  alone(why) {
    this.coachless = true;
    say(this.state, why);
    this.ready();
  }

  // ready lets the reader run the program after the predictions. Our run stays closed until the reader's is done.
  ready() {
    if (this.said) this.tell();
    if (this.said && this.coachless) this.open();
    if (this.stop || !this.coach) return;
    this.button.disabled = !this.said;
    if (!this.shown) say(this.state, this.said ? "Not run yet." : "First say what you expect.");
  }

  // tell repeats the predictions beside the run. The forms themselves read them out.
  tell() {
    if (this.verdict) say(this.verdict, this.predictions.map(({ said }) => said.textContent).join(" "));
  }

  open() {
    if (this.ours?.matches("details")) this.ours.open = true;
  }

  // finish opens the explanations and our run. The part of this section that the reader sees stays in its place on the
  // screen, although the explanations are above it.
  finish() {
    const { top, bottom } = this.section.getBoundingClientRect();
    const place = () => this.button.getBoundingClientRect().top;
    const before = place();
    for (const p of this.predictions) p.reveal();
    this.tell();
    this.open();
    if (bottom < 0 || top > window.innerHeight) return;
    window.scrollBy({ top: place() - before, behavior: "instant" });
  }

  // recall shows a run of an earlier visit.
  recall({ date, output, svg }) {
    this.shown = true;
    this.yours.hidden = false;
    for (const line of output.replace(/\n$/, "").split("\n")) this.output.append(isTable(line) ? line : words(line), "\n");
    if (svg) this.chart.append(drawn(svg));
    const day = new Date(date).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
    say(this.state, `You ran this on ${day}. Your run is beside ours.`);
    this.finish();
    this.done = true;
  }

  async run() {
    this.stop = new AbortController();
    this.shown = true;
    this.button.textContent = "Stop";
    let seconds = 0; // on the button, for the state is read out whenever it changes
    const clock = setInterval(() => { this.button.textContent = `Stop (${++seconds} s)`; }, 1000);
    this.output.textContent = "";
    this.chart.replaceChildren();
    try {
      say(this.state, await this.show(this.coach.run(this.name, this.stop.signal)));
    } catch (error) {
      if (this.stop.signal.aborted) say(this.state, "Stopped.");
      else if (error instanceof Gone) this.wait(error);
      else say(this.state, `That didn't work: ${error.message}`);
    }
    clearInterval(clock);
    this.stop = null;
    this.button.textContent = this.label;
  }

  // wait says that the coach has ended, and later that it is back. The button stays enabled, because it may have the
  // focus.
  wait({ message }) {
    say(this.state, message);
    this.coach.back().then(() => {
      if (this.state.textContent === message) say(this.state, "The coach is back: run it again.");
    });
  }

  // show shows the output as it arrives, and returns how the program ended.
  async show(coming) {
    for await (const { state, line, done, svg, error } of coming) {
      if (state) say(this.state, state === "building" ? "Building the program …" : "Running …");
      if (line !== undefined) {
        this.yours.hidden = false;
        this.output.append(isTable(line) ? line : words(line), "\n");
      }
      if (!done) continue;
      if (svg) this.chart.append(drawn(svg));
      if (error) return `The program failed: ${error}`;
      this.finish();
      this.done = true;
      tickSections();
      return "Done. Your run is beside ours.";
    }
    throw new Gone();
  }
}

// figures are the answer of /stats as rows: a name and a number.
function figures({ server, connections, slots, totals }) {
  const names = { wait: server === "epollserv" ? "epoll_wait" : "poll", ctl: "epoll_ctl" };
  return [
    ["connections open", connections],
    ["processes", new Set(slots.map(({ pid }) => pid)).size],
    ...["accept", "read", "write", "sendfile", "wait", "ctl", "shutdown", "close"]
      .filter((call) => call !== "ctl" || server === "epollserv")
      .map((call) => [`calls of ${names[call] ?? call}`, totals[`sys_${call}`]]),
  ];
}

// offerServers adds links to the same panel on the other servers, if the launcher says where they are.
async function offerServers() {
  const reply = await fetch(at("/servers.json"), { cache: "no-store" });
  if (!reply.ok) return;
  const urls = await reply.json();
  const servers = ["forkserv", "pollserv", "epollserv"].filter((name) => name in urls);
  for (const panel of all("section.clients")) {
    const nav = panel.querySelector(".servers");
    nav.replaceChildren(...servers.map((name) => {
      const a = document.createElement("a");
      a.href = `${urls[name]}${location.pathname}#${panel.id}`;
      a.className = name.replace(/serv$/, "");
      a.textContent = name;
      if (new URL(a.href).port === location.port) a.ariaCurrent = "true";
      return a;
    }));
    nav.hidden = servers.length < 2;
  }
}

// Clients is a panel of bad clients. It shows them and the server while one of them is connected.
class Clients {
  constructor(section) {
    [this.state, this.figures, this.list] =
      [".state", ".figures", ".alive"].map((s) => section.querySelector(s));
    this.buttons = all("button[data-kind]", section);
    this.mine = new Set(); // numbers of the clients that this page has sent, or found alive
    this.items = new Map(); // list items by number
  }

  async start(coach) {
    this.coach = coach;
    for (const button of this.buttons) {
      button.addEventListener("click", () => this.add(button.dataset.kind));
      button.disabled = false;
    }
    this.state.setAttribute("role", "status");
    say(this.state, "No client is connected.");
    this.watch();
  }

  async add(kind) {
    try {
      const { id } = await (await this.coach.post("/clients", { kind })).json();
      this.mine.add(id);
    } catch (error) {
      this.complain(error);
      return;
    }
    this.watch();
  }

  // watch looks until no client is connected, and at least once.
  async watch() {
    this.wanted = true;
    if (this.watching) return;
    this.watching = true;
    try {
      for (let live = 0; live > 0 || this.wanted; await sleep(live > 0 ? look : 0)) {
        this.wanted = false;
        live = await this.look();
      }
    } catch (error) {
      this.complain(error);
    }
    this.watching = false;
  }

  // complain says what is wrong. If the coach has ended, it waits for the coach and forgets the clients.
  async complain(error) {
    if (!(error instanceof Gone || error instanceof Silent)) {
      say(this.state, `That didn't work: ${error.message}`);
      return;
    }
    say(this.state, error.message);
    await this.coach.back();
    if (this.list.contains(document.activeElement)) this.buttons[0].focus();
    this.mine.clear();
    this.items.clear();
    this.list.replaceChildren();
    this.before = undefined;
    this.watch();
  }

  // look shows the present state, and returns the number of connected clients.
  async look() {
    const answer = await stats().catch((error) => { throw error instanceof TypeError ? new Silent() : error; });
    const here = (await this.coach.get("/clients")).filter(({ server }) => server === answer.server);
    here.filter(({ live }) => live).forEach(({ id }) => this.mine.add(id));
    this.draw(answer);
    for (const client of here.filter(({ id }) => this.mine.has(id))) this.show(client);
    const living = here.filter(({ live }) => live).length;
    say(this.state, living === 0 ? "No client is connected." : living === 1 ? "1 client is connected, for a minute at most." :
      `${living} clients live, a minute at most.`);
    return living;
  }

  // draw shows the server's figures, and how much they have grown since the last look.
  draw(answer) {
    const now = figures(answer);
    const row = (name, n, before) => {
      const tr = document.createElement("tr");
      const th = document.createElement("th");
      th.scope = "row";
      th.textContent = name;
      const by = n - (before ?? n);
      const growth = by === 0 ? "" : (by > 0 ? "+" : "−") + Math.abs(by).toLocaleString("en");
      tr.append(th, ...[n.toLocaleString("en"), growth].map((text) => {
        const td = document.createElement("td");
        td.textContent = text;
        return td;
      }));
      return tr;
    };
    const body = now.map(([name, n], i) => row(name, n, this.before?.[i]));
    this.before = now.map(([, n]) => n);
    if (!this.table) {
      this.table = document.createElement("table");
      this.table.innerHTML = `<caption></caption><thead><tr><th scope="col">its figures</th>
        <th scope="col">now</th><th scope="col">since the last look</th></tr></thead><tbody></tbody>`;
      this.figures.replaceChildren(this.table);
    }
    this.table.caption.textContent =
      `${answer.server}, asked each second by this page, which is a client too`;
    this.table.tBodies[0].replaceChildren(...body);
  }

  // show shows a client. Its item and button stay the same while it is connected, because the button may have the focus.
  show({ id, kind, sent, got, live, state }) {
    const { item, words, close } = this.items.get(id) ?? this.item(id);
    const label = this.buttons.find(({ dataset }) => dataset.kind === kind)?.textContent ?? kind;
    const bytes = (n) => `${n.toLocaleString("en")} ${n === 1 ? "byte" : "bytes"}`;
    item.dataset.live = live;
    say(words, `Client ${id}, ${label}: ${state}. It has sent ${bytes(sent)} and read ${bytes(got)}.`);
    if (live || !close.isConnected) return;
    if (document.activeElement === close) item.focus();
    close.remove();
  }

  item(id) {
    const [item, words, close] = ["li", "span", "button"].map((name) => document.createElement(name));
    item.tabIndex = -1;
    close.type = "button";
    close.textContent = "Disconnect it";
    close.setAttribute("aria-label", `Disconnect client ${id}`);
    close.addEventListener("click", () =>
      this.coach.post(`/clients/${id}/close`)
        .then(() => this.watch(), (error) => this.complain(error)));
    item.append(words, " ", close);
    this.list.prepend(item);
    this.items.set(id, { item, words, close });
    return this.items.get(id);
  }
}

// tickSections ticks, in the contents, the sections in which the reader has predicted and run everything.
let tickSections = () => {};

// sections finds the predictions and experiments of each section.
function sections(predictions, experiments) {
  const todo = new Map();
  for (const part of [...predictions, ...experiments]) {
    const element = part.form ?? part.section;
    const head = all("article > h2").findLast((h) => h.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING);
    const tick = head && document.querySelector(`.contents a[href="#${CSS.escape(head.id)}"] + .tick`);
    if (tick) todo.set(tick, [...(todo.get(tick) ?? []), part]);
  }
  return () => {
    for (const [tick, parts] of todo) {
      mark(tick, parts.every((part) => (part.form ? part.choice !== "" : part.done)), "done");
    }
  };
}

async function begin() {
  const predictions = new Map(all("form.predict").map((f) => [f.dataset.name, new Prediction(f)]));
  const experiments = all("section.experiment")
    .map((s) => new Experiment(s, (s.dataset.asked ?? "").split(" ").flatMap((n) => predictions.get(n) ?? [])));
  tickSections = sections([...predictions.values()], experiments);
  const panels = all("section.clients").map((s) => new Clients(s));
  if (panels.length > 0) offerServers().catch(console.error);
  if (predictions.size + experiments.length + panels.length === 0) return;
  const coach = new Coach();
  const before = local.read().predictions ?? {};
  for (const [name, choice] of Object.entries(before)) predictions.get(name)?.recall(choice);
  let kept, runs;
  while (!kept) {
    try {
      await coach.find();
      ({ runs } = await coach.get("/reading"));
      kept = await coach.get("/predictions");
    } catch (error) {
      const gone = error instanceof Gone;
      const why = gone && coach.url ? unreachable(coach.url) : error.message;
      for (const { state } of [...experiments, ...panels]) say(state, why);
      if (!gone) {
        for (const e of experiments) e.alone(why);
        return;
      }
      await coach.back();
    }
  }
  for (const p of predictions.values()) {
    p.coach = coach;
    if (p.choice && p.choice !== kept[p.name]) p.choose(); // said while nobody was there to keep it
    else if (kept[p.name]) p.recall(kept[p.name]);
  }
  local.change((all) => {
    for (const name of predictions.keys()) delete all.predictions?.[name]; // the coach has them now
  });
  for (const part of [...experiments, ...panels]) part.start(coach);
  for (const e of experiments) if (runs[e.name]) e.recall(runs[e.name]);
  tickSections();
}

// refuse says why no button works.
function refuse() {
  const why = "This page is shown inside another page, so its buttons do nothing here. Open it by itself.";
  const p = document.createElement("p");
  p.className = "framed";
  p.textContent = why;
  document.querySelector("main").prepend(p);
  for (const state of all(".experiment .state, .clients .state")) say(state, why);
  for (const control of all("main button, main input")) control.disabled = true;
}

if (isFramed) refuse();
else begin().catch(console.error);
