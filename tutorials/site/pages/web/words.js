// What the space-time diagram draws, in words: a sentence for each event, and a table for readers who can't see the
// drawing. Also the helpers that make elements.

import { plural, say } from "./dom.js";
import { resultText, timeText } from "./timeline.js";

const page = 100; // rows of the table

export const svgElement = (name, attributes, ...inner) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, inner);

export const element = (name, attributes, ...inner) => fill(document.createElement(name), attributes, inner);

export function fill(node, attributes, inner) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...inner);
  return node;
}

// sentence says what is drawn in row i. left is the list of bytes that no read has taken.
export function sentence(line, left, i) {
  const { event, lane, waited } = line.rows[i];
  const what = event.call ? `${event.call}(${event.args || ""}) = ${resultText(event)}` : event.action;
  const all = [`${timeText(event.time)}, ${line.lanes[lane].name}: ${what}`];
  if (waited > 0) all.push(`waited ${timeText(waited)}`);
  if (event.failed) all.push(event.failed);
  return [...all, ...ways(line, left, i)].join("; ");
}

// ways says where the arrows of a row lead.
export function ways(line, left, i) {
  const at = (row) => {
    const { event, lane } = line.rows[row];
    return `${line.lanes[lane].name} at ${timeText(event.time)}`;
  };
  const carried = ({ kind, bytes }) => (kind === "bytes" ? plural(bytes, "byte") :
    { syn: "the connection", fin: "the FIN", rst: "the reset" }[kind]);
  const { out, into } = line.rows[i];
  const all = [
    ...out.map((arrow) => `${carried(arrow)} to ${at(arrow.to)}`),
    ...into.map((arrow) => `${carried(arrow)} from ${at(arrow.from)}`),
    ...left.filter(({ from }) => from === i).map(({ bytes }) => `${plural(bytes, "byte")} not read yet`),
  ];
  return all.length > 4 ? [...all.slice(0, 3), `and ${all.length - 3} more`] : all;
}

const headings = ["Time", "Lane", "What happens", "Result", "Bytes and connections"];

// EventTable is a table of the events, a page at a time. Its rows are made when a reader opens it.
export class EventTable {
  constructor() {
    this.caption = element("caption", {});
    this.body = element("tbody", {});
    this.earlier = this.button("Earlier", -page);
    this.later = this.button("Later", page);
    const heads = headings.map((text) => element("th", { scope: "col" }, text));
    const table = element("table", { class: "words" }, this.caption,
      element("thead", {}, element("tr", {}, ...heads)), this.body);
    this.details = element("details", { class: "table" }, element("summary", {}, "The events as a table"),
      element("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "The events as a table" }, table),
      element("p", { class: "turn-rows" }, this.earlier, this.later));
    this.details.addEventListener("toggle", () => this.write());
  }

  button(text, by) {
    const button = element("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      this.top += by;
      this.write();
      if (button.disabled) (button === this.later ? this.earlier : this.later).focus();
    });
    return button;
  }

  // show turns to the page of the chosen event, or to the last page.
  show(line, left, chosen) {
    Object.assign(this, { line, left, chosen });
    this.top = Math.floor(Math.max(0, chosen >= 0 ? chosen : line.rows.length - 1) / page) * page;
    this.write();
  }

  write() {
    if (!this.details.open) return;
    const { rows } = this.line;
    const end = Math.min(rows.length, this.top + page);
    say(this.caption, rows.length === 0 ? "No events yet" : `Events ${this.top + 1} to ${end} of ${rows.length}`);
    this.body.replaceChildren(...rows.slice(this.top, end).map((row, i) => this.row(row, this.top + i)));
    this.earlier.disabled = this.top === 0;
    this.later.disabled = end === rows.length;
  }

  row({ event, lane }, i) {
    const cells = [timeText(event.time), this.line.lanes[lane].name,
      event.call ? `${event.call}(${event.args || ""})` : event.action, event.call ? resultText(event) : "",
      [event.failed, ...ways(this.line, this.left, i)].filter(Boolean).join("; ")];
    const tr = element("tr", {}, ...cells.map((text) => element("td", {}, text)));
    if (i === this.chosen) tr.setAttribute("aria-current", "true");
    return tr;
  }
}
