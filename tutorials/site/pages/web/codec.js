// The codec page: takes bytes apart with the servers' own code, which runs here as WebAssembly. The address carries the
// bytes, the cuts and the choices, so a link leads to the same view.

import { Bytes, hex } from "./codec-bytes.js";
import { phasesOf, showFrames, showPieces } from "./codec-result.js";
import { make, say } from "./dom.js";
import { Phases } from "./phases.js";
import { built, start } from "./programs.js";

const soon = 150; // ms after the last key until the bytes are read

const byID = (id) => document.getElementById(id);

// load starts the codec and returns its function: from a request to a result.
async function load(say) {
  await built(say);
  const codec = await start("codec", "codec");
  return (request) => JSON.parse(codec(JSON.stringify(request)));
}

// escaped is a byte in a text; after is the next one. The end of a line is CRLF.
function escaped(byte, after, before) {
  if (byte === 0x0d) return after === 0x0a ? "\n" : "\\r";
  if (byte === 0x0a) return before === 0x0d ? "" : "\\n";
  if (byte === 0x5c) return "\\\\";
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${hex(byte)}`;
}

// written are the ways to write bytes.
const written = {
  hex: (bytes) => bytes.map(hex).join(" "),
  text: (bytes) => bytes.map((byte, i) => escaped(byte, bytes[i + 1], bytes[i - 1])).join(""),
  trace: (bytes) => `> ${bytes.map(hex).join(" ").replaceAll(/(.{47}) /g, "$1\n> ")}\n`,
};

const names = ["form", "direction", "protocol", "deflate"];

// Page is the form and what it shows.
class Page {
  constructor(codec) {
    this.codec = codec;
    this.form = byID("codec");
    this.cuts = []; // null: those that a trace has itself
    this.bytes = new Bytes(byID("bytes"), byID("byte"), (at) => this.toggle(at));
    this.phases = new Phases(byID("phases"));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", ({ target }) => this.input(target));
    for (const button of this.samples()) button.addEventListener("click", () => this.choose(button));
    byID("every").addEventListener("click", () => this.cut([...Array(this.size()).keys()].slice(1)));
    byID("join").addEventListener("click", () => this.cut([]));
    addEventListener("hashchange", () => this.open());
    this.open();
    this.form.hidden = false;
  }

  samples() { return [...this.form.querySelectorAll("[data-example]")]; }

  size() { return this.result.bytes.length / 2; }

  // open shows what the address says; without a word about it, the second example.
  open() {
    const said = new URLSearchParams(location.hash.slice(1));
    const sample = this.samples().find(({ dataset }) => dataset.example === said.get("example"));
    if (sample) {
      this.fill(JSON.parse(sample.dataset.state), sample);
    } else if (said.has("text")) {
      this.fill(this.fromAddress(said));
    } else if (!this.result) {
      const [, usual] = this.samples();
      this.fill(JSON.parse(usual.dataset.state), usual);
    }
  }

  fromAddress(said) {
    const state = { text: said.get("text"), fin: said.has("fin"), cuts: null };
    for (const name of names) state[name] = said.get(name) ?? this.form.elements[name].value;
    if (said.has("cuts")) state.cuts = said.get("cuts").split(",").filter(Boolean).map(Number);
    return state;
  }

  // fill puts a state into the form, and shows what it means.
  fill(state, sample) {
    for (const name of names) this.form.elements[name].value = state[name];
    this.form.elements.text.value = state.text;
    this.form.elements.fin.checked = Boolean(state.fin);
    this.cuts = state.cuts ?? null;
    this.mark(sample);
    this.read();
  }

  // mark shows which example the bytes are, and what to look at.
  mark(sample) {
    for (const button of this.samples()) button.setAttribute("aria-pressed", String(button === sample));
    const note = byID("note");
    if (!sample) {
      say(note, "");
      return;
    }
    const { note: text, rfc, url } = sample.dataset;
    note.replaceChildren(`${sample.textContent}. ${text} `, make("a", { href: url }, rfc));
  }

  choose(sample) {
    history.pushState(null, "", `#example=${sample.dataset.example}`);
    this.fill(JSON.parse(sample.dataset.state), sample);
  }

  input(target) {
    clearTimeout(this.later);
    if (target.id === "cuts") {
      const cuts = target.value.split(/[^0-9]+/).filter(Boolean).map(Number);
      this.later = setTimeout(() => this.cut(cuts, true), soon);
      return;
    }
    if (target.name === "form") this.convert(target.value);
    if (target.name === "text") this.guess(target.value);
    this.later = setTimeout(() => { this.mark(); this.read(); this.keep(); }, soon);
  }

  // guess chooses the form of a text that can't be hexadecimal: a trace or a request that the reader has pasted.
  guess(text) {
    const { form, protocol } = this.form.elements;
    if (form.value === "hex" && /^(?:# |[<>] |open \/|with -)/.test(text)) form.value = "trace";
    if (form.value === "hex" && /^[A-Z]+ \S+ HTTP\//.test(text)) [form.value, protocol.value] = ["text", "http"];
    if (form.value === "trace") this.cuts = null; // its blocks are the pieces
  }

  // convert writes the bytes in another form, if there are bytes.
  convert(form) {
    if (byID("wrong").textContent) return;
    this.form.elements.text.value = written[form](this.bytes.bytes);
    this.cuts = this.result.cuts;
  }

  toggle(at) {
    const now = this.result.cuts;
    this.cut(now.includes(at) ? now.filter((other) => other !== at) : [...now, at]);
  }

  // cut shows the bytes with other cuts. typed: the field of the cuts has them already.
  cut(cuts, typed = false) {
    this.cuts = cuts;
    this.read(typed);
    this.keep();
  }

  state() {
    const { elements } = this.form;
    const state = { text: elements.text.value, cuts: this.cuts, fin: elements.fin.checked };
    for (const name of names) state[name] = elements[name].value;
    return state;
  }

  address() {
    const { cuts, fin, ...rest } = this.state();
    const said = new URLSearchParams(rest);
    if (cuts) said.set("cuts", cuts.join(","));
    if (fin) said.set("fin", "1");
    return `#${said}`;
  }

  // keep puts the state into the address.
  keep() { history.replaceState(null, "", this.address()); }

  // read asks the codec, and shows its result.
  read(typed = false) {
    const state = this.state();
    this.choices(state.form);
    const result = this.codec(state);
    say(byID("wrong"), result.error ?? "");
    this.form.elements.text.setAttribute("aria-invalid", String(Boolean(result.error)));
    byID("result").hidden = Boolean(result.error);
    if (result.error) return;
    this.result = result;
    this.bytes.show(result);
    if (!typed) byID("cuts").value = result.cuts.join(", ");
    byID("every").disabled = this.size() < 2 || this.size() > Number(byID("cuts").dataset.most);
    byID("join").disabled = result.cuts.length === 0;
    byID("link").href = this.address();
    this.verdict(result.trace);
    showPieces(byID("events-list"), result);
    byID("phases-section").hidden = !result.before; // the server is the sender: there is no session
    for (const Phase of phasesOf(result)) this.phases.show([{ Pid: 1, Fd: 0, Phase, Name: "the session" }]);
    byID("frames-section").hidden = result.frames.length === 0;
    showFrames(byID("frames-table"), byID("more-frames"), result.frames);
  }

  // choices shows only the choices and the hint that matter for this form.
  choices(form) {
    for (const fieldset of this.form.querySelectorAll("[data-not]")) fieldset.disabled = fieldset.dataset.not === form;
    for (const hint of this.form.querySelectorAll("[data-form]")) hint.hidden = hint.dataset.form !== form;
  }

  verdict(trace) {
    if (!trace) say(byID("verdict"), "");
    else if (trace.why) say(byID("verdict"), `The trace “${trace.title}” doesn't hold. ${trace.why}`);
    else say(byID("verdict"), `The trace “${trace.title}” holds: the core answers as it expects.`);
  }
}

const state = byID("state");
try {
  say(state, "The codec is loading.");
  const codec = await load((text) => say(state, text));
  new Page(codec);
  state.hidden = true;
} catch (error) {
  say(state, error.message);
}
