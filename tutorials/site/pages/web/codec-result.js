// What the codec says about bytes: the events of each piece with the answers, and a table of the frames.

import { make, plural } from "./dom.js";

const mostPieces = 100; // that are listed
const mostFrames = 12; // that the table has

const code = (text) => make("code", {}, text);

// span names the bytes from one offset to another.
function span(from, to) {
  if (from === to) return "no bytes";
  return to === from + 1 ? `byte ${from}` : `bytes ${from}–${to - 1}`;
}

// fact is an entry of a list of facts: a name with its value.
const fact = (name, ...value) => make("div", {}, make("dt", {}, name), make("dd", {}, ...value));

function data({ opcode, first, last, compressed, size, hex, text }) {
  const place = [
    opcode && `${opcode} message`, first && "first piece", last && "last piece", compressed && "compressed",
  ].filter(Boolean);
  const facts = [fact(plural(size, "byte"), ...(size ? [code(text)] : []))];
  if (place.length) facts.unshift(fact("part of", place.join(", ")));
  if (size) facts.push(fact("in hex", code(hex)));
  if (hex.length < 3 * size - 1) facts.push(fact("shown", "only the first bytes"));
  return facts;
}

function head({ method, target, version, fields, body }) {
  return [
    fact("method", code(method)), fact("target", code(target)), fact("version", code(version)),
    ...fields.map(({ name, value }) => fact("field", code(`${name}: ${value}`))),
    fact("body", body),
  ];
}

function rule({ reason, status, code: close, rfc, url, source, at }) {
  const answer = status ? `status ${status}` : `close code ${close.number}, ${close.name}`;
  return [
    make("div", { class: "broken-rule" }, make("dt", {}, "rule"), make("dd", {},
      make("strong", {}, reason), ": ", make("a", { href: url }, rfc), ", ",
      make("a", { href: new URL(source, import.meta.url).href }, "in the source"))),
    fact("refused at", `byte ${at}`), fact("answered with", answer),
  ];
}

// answerOf shows what the core sends.
function answerOf({ hex, text, parts, size, fin }) {
  const lines = [...(parts ?? []), ...(fin ? ["FIN: the server sends nothing more"] : [])];
  const box = make("div", { class: "answer" }, make("h4", {}, `The answer of the core, ${plural(size, "byte")}`),
    make("ul", {}, ...lines.map((line) => make("li", {}, line))));
  if (size) {
    const digits = make("pre", { tabindex: "0" }, code(hex));
    box.append(make("pre", { tabindex: "0" }, code(text)),
      make("details", { open: size <= 48 }, make("summary", {}, "In hexadecimal"), digits));
  }
  return box;
}

function eventOf(event) {
  const facts = [];
  if (event.head) facts.push(...head(event.head));
  if (event.code) facts.push(fact("close code", `${event.code.number}, ${event.code.name}`));
  if (event.data) facts.push(...data(event.data));
  if (event.rule) facts.push(...rule(event.rule));
  const where = make("span", { class: "where" }, span(event.from, event.to));
  const title = make("p", { class: "event" },
    make("span", { class: "reader" }, event.reader), " ", make("b", {}, event.kind), " ", where);
  const item = make("li", { class: event.rule && "failed" }, title);
  if (event.note) item.append(make("p", { class: "meaning-of" }, event.note));
  if (facts.length) item.append(make("dl", { class: "facts" }, ...facts));
  if (event.answer) item.append(answerOf(event.answer));
  return item;
}

function textOf({ missing, begun }) {
  if (!missing) return "A text message is incomplete. It ends between two characters so far.";
  const bytes = begun.match(/../g).join(" ");
  return `A text message ends inside a character so far: ${bytes} ${begun.length > 2 ? "have" : "has"} arrived, and ` +
    `${plural(missing, "continuation byte")} ${missing === 1 ? "is" : "are"} missing.`;
}

// phasesOf lists the phases of the session: before the first piece, and after each piece.
export function phasesOf({ before, pieces }) {
  const after = pieces.map(({ events }) => events.findLast((event) => event.phase)?.phase);
  return [before, ...after].filter(Boolean);
}

function pieceOf({ from, to, events, text }, i, before) {
  const after = events.findLast((event) => event.phase)?.phase;
  const item = make("li", {}, make("h3", {}, `Piece ${i + 1}: ${span(from, to)}`));
  if (after) {
    const moved = before === after ? [code(after), " before and after"] : [code(before), " → ", code(after)];
    item.append(make("p", { class: "phase" }, "Phase of the session: ", ...moved));
  }
  item.append(make("ol", { class: "events" }, ...events.map(eventOf)));
  if (text) item.append(make("p", { class: "utf8" }, "UTF-8: ", textOf(text)));
  return [item, after ?? before];
}

// showPieces lists the pieces with their events.
export function showPieces(list, result) {
  let before = result.before;
  const items = [];
  for (const [i, piece] of result.pieces.slice(0, mostPieces).entries()) {
    const [item, after] = pieceOf(piece, i, before);
    items.push(item);
    before = after;
  }
  if (result.pieces.length > mostPieces) {
    items.push(make("li", {}, `${result.pieces.length - mostPieces} further pieces are not listed.`));
  }
  list.replaceChildren(...items);
}

const bit = (value) => (value === undefined ? "" : value ? "1" : "0");
const cut = (text, most = 96) => (text.length > most ? `${text.slice(0, most)}…` : text);

// rows are the lines of the table: their names, and what they say of a frame.
const rows = [
  ["Bytes", (f) => `${f.from}–${f.to - 1}`],
  ["FIN", (f) => bit(f.first.fin)],
  ["RSV1", (f) => bit(f.first.rsv1)],
  ["RSV2", (f) => bit(f.first.rsv2)],
  ["RSV3", (f) => bit(f.first.rsv3)],
  ["Opcode", (f) => `${f.first.opcode.toString(2).padStart(4, "0")} (${f.first.name})`],
  ["MASK", (f) => bit(f.second?.mask)],
  ["Length, 7 bits", (f) => (f.second ? `${f.second.length.toString(2).padStart(7, "0")} (${f.second.length})` : "")],
  ["Length is in", (f) => f.second?.form ?? ""],
  ["Length of payload", (f) => f.length?.toLocaleString("en") ?? ""],
  ["Masking key", (f) => f.key ?? (f.second && !f.second.mask ? "none" : "")],
  ["Payload, as sent", (f) => cut(f.masked)],
  ["Payload, unmasked", (f) => cut(f.unmasked)],
  ["As text", (f) => cut(f.text)],
  ["Close code", (f) => (f.code ? `${f.code.number}, ${f.code.name}` : "")],
  ["Missing", (f) => (f.whole ? "nothing" : `at least ${plural(f.lacks, "byte")}`)],
];

// showFrames fills the table: a column for each frame.
export function showFrames(table, more, frames) {
  const shown = frames.slice(0, mostFrames);
  const top = make("tr", {}, make("th", { scope: "col" }, "Field"),
    ...shown.map((_, i) => make("th", { scope: "col" }, `Frame ${i + 1}`)));
  const unknown = () => make("span", { class: "unknown" }, "not there");
  const cell = (value) => make("td", {}, value === "" ? unknown() : code(value));
  const body = rows
    .map(([name, of]) => [name, shown.map(of)])
    .filter(([, values]) => values.some((value) => value !== ""))
    .map(([name, values]) => make("tr", {}, make("th", { scope: "row" }, name), ...values.map(cell)));
  table.replaceChildren(make("thead", {}, top), make("tbody", {}, ...body));
  more.textContent = frames.length > mostFrames ? `${frames.length - mostFrames} further frames are not shown.` : "";
}
