// The left column of the laboratory: the clients, and what the reader lets them do. Each act is a line of the scenario's
// language, so the scenario's text can repeat it.

import { bytesOf, duration, keyed, make, plural, printable, say } from "./dom.js";

const key = "dGhlIHNhbXBsZSBub25jZQ=="; // the example of RFC 6455 1.3
const upgrade =
  "Host: localhost\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\n" +
  `Sec-WebSocket-Key: ${key}\\r\\n\\r\\n`;

// messages are bytes that a reader can send without typing them, written as in Go.
const messages = {
  "a request": "GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n",
  "three requests": "GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".repeat(3),
  "a WebSocket handshake": `GET /echo HTTP/1.1\\r\\n${upgrade}`,
  "a text frame": "\\x81\\x85\\x00\\x00\\x00\\x00hello",
  "a ping": "\\x89\\x80\\x00\\x00\\x00\\x00",
  "a Close frame": "\\x88\\x82\\x00\\x00\\x00\\x00\\x03\\xe8",
  "a handshake for the room": `GET /chat HTTP/1.1\\r\\n${upgrade}`,
};

const escapes = { r: "\r", n: "\n", t: "\t", "\\": "\\", '"': '"', 0: "\0" };

// unquoted gives the bytes of a text in which \r, \n, \t, \\, \" and \xNN stand for one byte each.
export function unquoted(text) {
  let bytes = "";
  for (const [, hex, escape, plain] of text.matchAll(/\\x([0-9a-fA-F]{2})|\\([rnt"\\0])|([^])/gu)) {
    bytes += hex ? String.fromCharCode(parseInt(hex, 16)) : escape ? escapes[escape] : bytesOf(plain);
  }
  return bytes;
}

// quoted is a string of bytes as the scenario's language writes it.
export const quoted = (bytes) => `"${printable(bytes).replaceAll('"', '\\"')}"`;

const tail = 80; // characters of what a client got last

// Clients is the column. lab.act lets something happen now; lab.silent lets time pass.
export class Clients {
  constructor(column, lab) {
    [this.column, this.lab] = [column, lab];
    this.list = column.querySelector(".who");
    this.none = column.querySelector(".none");
    this.message = column.querySelector("#message");
    this.unsent = column.querySelector("#unsent");
    this.sent = []; // {step, key, to}: how much of a message a client has sent after a step
    const kind = column.querySelector("#kind");
    kind.append(...Object.keys(messages).map((name) => make("option", {}, name)));
    kind.addEventListener("change", () => this.#choose(messages[kind.value]));
    this.message.addEventListener("input", () => this.#tellUnsent());
    this.#choose(messages["a request"]);
    column.addEventListener("change", () => this.#tellUnsent());
    column.addEventListener("click", ({ target }) => this.#press(target.closest("button")?.dataset ?? {}));
  }

  #choose(text) {
    this.message.value = text;
    this.#tellUnsent();
  }

  get who() {
    return this.list.querySelector("input:checked")?.value ?? "";
  }

  #press({ act, connect, send, silent }) {
    if (connect) this.#connect(Number(connect));
    else if (silent) this.lab.silent(Number(silent) * 1e9);
    else if (act && this.#chosen())
      this.lab.act(`${this.who} ${act}`); // of several clients, too
    else if (send && this.#chosen()) this.#send(send);
  }

  #chosen() {
    if (this.who) return true;
    this.lab.complain("Connect a client first: no client exists yet.");
    return false;
  }

  #connect(n) {
    const name = this.#free();
    const who = n === 1 ? name : `${name}1..${name}${n}`;
    this.wanted = who;
    this.lab.act(`${who} connects`);
  }

  // free returns letters that no client of the scenario has.
  #free() {
    const used = new Set(this.clients.map(({ Name }) => Name.replace(/\d+$/, "")));
    for (const [, letters] of this.lab.machine.scenario.matchAll(/^\s*at\s+\S+\s+([A-Z]+)\d*(?:\.\.\S+)?\s+[a-z]/gm))
      used.add(letters);
    for (let i = 0; ; i++) {
      const name = (i >= 26 ? String.fromCharCode(64 + Math.floor(i / 26)) : "") + String.fromCharCode(65 + (i % 26));
      if (!used.has(name)) return name;
    }
  }

  // position is how many bytes of the message the chosen client has sent. A step back takes bytes back.
  get #position() {
    const key = `${this.who} ${this.message.value}`;
    return this.sent.findLast((s) => s.key === key && s.step <= this.lab.machine.step)?.to ?? 0;
  }

  #send(part) {
    const bytes = unquoted(this.message.value);
    if (!bytes) return this.lab.complain("The message is empty. Type what the client sends.");
    const from = this.#position % bytes.length;
    const size = { all: bytes.length, half: Math.ceil((bytes.length - from) / 2), byte: 1 }[part];
    const to = Math.min(bytes.length, from + size);
    const { step } = this.lab.machine;
    if (!this.lab.act(`${this.who} sends ${quoted(bytes.slice(from, to))}`)) return undefined;
    this.sent = this.sent.filter((s) => s.step <= step);
    this.sent.push({ step, key: `${this.who} ${this.message.value}`, to: to % bytes.length });
    return this.#tellUnsent();
  }

  #tellUnsent() {
    if (!this.lab.machine) return;
    const bytes = unquoted(this.message.value);
    const from = this.#position;
    say(
      this.unsent,
      from === 0
        ? `${plural(bytes.length, "byte")}.`
        : `${from} of ${bytes.length} bytes are sent. The rest: ${printable(bytes.slice(from, from + 40))}`,
    );
  }

  get clients() {
    return this.lab.machine.view.Clients ?? [];
  }

  paint() {
    const before = this.who;
    this.none.hidden = this.clients.length > 0;
    const all = [...this.#groups(), ...this.clients.map((client) => ({ value: client.Name, client }))];
    keyed(
      this.list,
      all,
      ({ value }) => value,
      ({ value }) => this.#row(value),
      (row, item) => this.#fill(row, item),
    );
    const names = new Set(all.map(({ value }) => value));
    const now = [this.wanted, before, all[0]?.value].find((value) => names.has(value));
    if (names.has(this.wanted)) this.wanted = undefined;
    for (const input of this.list.querySelectorAll("input")) {
      if (input.value === now && !input.checked) input.checked = true;
    }
    this.#tellUnsent();
  }

  // groups are clients of the same letters, which can act together.
  #groups() {
    const counts = new Map();
    for (const { Name } of this.clients) {
      const [, letters, digits] = /^([A-Z]+)(\d*)$/.exec(Name) ?? [];
      if (!digits) continue;
      const [first, last] = counts.get(letters) ?? [Number(digits), Number(digits)];
      counts.set(letters, [Math.min(first, digits), Math.max(last, digits)]);
    }
    return [...counts]
      .filter(([, [first, last]]) => last > first)
      .map(([letters, [first, last]]) => ({ value: `${letters}${first}..${letters}${last}`, size: last - first + 1 }));
  }

  #row(value) {
    const input = make("input", { type: "radio", name: "who", value });
    return make(
      "li",
      {},
      make("label", {}, input, " ", make("strong", {}, value), " ", make("span", { class: "facts" })),
      make("code", { class: "got" }),
    );
  }

  #fill(row, { client, size }) {
    const facts = row.querySelector(".facts");
    if (!client) return say(facts, `all ${size} together`);
    const { Connected, End, EndAt, Got, Unsent, Deaf } = client;
    const state = End ? `ended with ${End} at ${duration(EndAt)}` : Connected ? "connected" : "not connected";
    const more = [
      Unsent > 0 && `${Unsent.toLocaleString("en")} B not sent`,
      Deaf && "doesn't read",
      `got ${Got.N.toLocaleString("en")} B`,
    ];
    say(facts, [state, ...more].filter(Boolean).join(", "));
    const text = printable(Got.Text.slice(-tail));
    return say(row.lastChild, Got.N > tail ? `…${text}` : text);
  }
}
